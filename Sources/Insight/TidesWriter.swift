package import Basics
import Store

/// Where the files of an open-data package go, in order and piece by piece.
package protocol TidesSink: Sendable {
  /// Begins all over: what came before is void, as the database was lost on the way.
  func begin() async throws
  /// Adds to the end of a file, which is empty at first.
  func append(_ bytes: [UInt8], to file: String) async throws
}

/// What was written, and what was not.
package struct TidesSummary: Sendable, Equatable {
  /// A table that was written.
  package struct File: Sendable, Equatable {
    package let table: TidesTable
    package var rows = 0
    package var bytes = 0
  }

  package let day: Day
  package internal(set) var files: [File] = []
  /// Rides without a row, as their fare is not known.
  package internal(set) var unknownFares = 0
  /// Rides without a row, as another version of the program wrote their reasons.
  package internal(set) var unreadReasons = 0
  /// Rides without a row, as too few riders have their category and product, or as their riders are left out with those.
  package internal(set) var rareFares = 0
  /// Passings at stops without a row, as no stop visit of the day fits them.
  package internal(set) var passingsWithoutVisit = 0
  /// Rider-days, vehicle-days and travel days of the day that wait to be worked out, or worked out anew.
  package internal(set) var waitingDays = 0
  /// Whether the positions of the day were dropped as old, so that their table is not written.
  package internal(set) var isWithoutPositions = false

  /// What is missing from the package, in sentences.
  package var missing: [String] {
    var sentences: [String] = []
    if unknownFares > 0 { sentences.append("Rides whose fare is not known: \(unknownFares).") }
    if unreadReasons > 0 {
      sentences.append("Rides whose reason another version wrote: \(unreadReasons).")
    }
    if rareFares > 0 {
      sentences.append(
        "Rides of a category and product that few riders have, and of riders left out with them: "
          + "\(rareFares).")
    }
    if passingsWithoutVisit > 0 {
      sentences.append("Boardings and alightings without a stop visit: \(passingsWithoutVisit).")
    }
    if waitingDays > 0 {
      sentences.append("Days of riders and vehicles that are still worked out: \(waitingDays).")
    }
    if isWithoutPositions { sentences.append("The positions of the day are no longer kept.") }
    return sentences
  }
}

/// Writes rows into the files of a package; what waits to be written is of a bounded size.
struct TidesWriter {
  /// A piece of a file that is handed on, bytes; one row more at most.
  static let pieceBytesMax = 256 * 1024
  /// Most vehicles, and most devices, that the rows of a day may name.
  static let namesMax = 200_000

  private let sink: any TidesSink
  private var pieces: [TidesTable: CSVWriter] = [:]
  private(set) var files: [TidesTable: TidesSummary.File] = [:]
  /// The vehicles that rows name.
  private(set) var vehicles: Set<String> = []
  /// The devices that rows name.
  private(set) var devices: Set<String> = []

  /// Begins the files with their headers.
  init(_ sink: any TidesSink, tables: [TidesTable]) async throws {
    self.sink = sink
    try await sink.begin()
    for table in tables {
      var piece = CSVWriter(lineEnd: .crlf)
      piece.row(table.fields)
      pieces[table] = piece
      files[table] = TidesSummary.File(table: table)
    }
  }

  /// Adds a row.
  mutating func add(_ values: [String: String], to table: TidesTable) async throws {
    pieces[table, default: CSVWriter(lineEnd: .crlf)].row(table.record(values))
    files[table]?.rows += 1
    if let vehicle = values["vehicle_id"], table != .vehicles { try note(vehicle, in: \.vehicles) }
    if let device = values["device_id"], table != .devices { try note(device, in: \.devices) }
    if let piece = pieces[table], piece.bytes.count >= Self.pieceBytesMax {
      try await hand(piece, of: table)
    }
  }

  private mutating func note(
    _ name: String, in names: WritableKeyPath<TidesWriter, Set<String>>
  ) throws {
    guard !self[keyPath: names].contains(name) else { return }
    guard self[keyPath: names].count < Self.namesMax else {
      throw StoreFault(
        kind: .refused, "the day names more than \(Self.namesMax) vehicles or devices")
    }
    self[keyPath: names].insert(name)
  }

  /// Hands on what waits.
  mutating func finish() async throws {
    for table in TidesTable.allCases {
      if let piece = pieces[table] { try await hand(piece, of: table) }
    }
  }

  private mutating func hand(_ piece: CSVWriter, of table: TidesTable) async throws {
    pieces[table] = CSVWriter(lineEnd: .crlf)
    guard !piece.bytes.isEmpty else { return }
    files[table]?.bytes += piece.bytes.count
    try await sink.append(piece.bytes, to: table.file)
  }
}
