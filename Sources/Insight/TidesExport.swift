package import Basics
import Ridership
import Store
import Tapping
import Transit

/// What came of the wish for a day as open data.
package enum TidesOutcome: Sendable, Equatable {
  case written(TidesSummary)
  /// The fare day goes on until this moment: half a day would look like a whole one.
  case dayNotOver(until: Instant)
}

/// Writes a fare day as a package of TIDES, from one unchanging picture of the database.
package struct TidesExport: Sendable {
  /// The file that describes the package; it is written last.
  package static let descriptor = "datapackage.json"
  /// Vehicles that are worked out at once, with all their stop visits of the day.
  package static let vehiclesPerPageMax = 16

  private let day: Day
  private var writer: TidesWriter
  private var summary: TidesSummary
  private var tapsOff = 0

  /// Writes a day; the last file is the one that describes the others.
  static func write(
    _ day: Day, of city: City, in db: StoreSession, to sink: any TidesSink, at now: Instant
  ) async throws -> TidesSummary {
    let first = try await db.partitions.positionsFirstDay()
    let isWithoutPositions = first.map { day < $0 } ?? false
    let tables = TidesTable.allCases.filter { $0 != .vehicleLocations || !isWithoutPositions }
    var export = TidesExport(
      day: day, writer: try await TidesWriter(sink, tables: tables),
      summary: TidesSummary(day: day))
    export.summary.isWithoutPositions = isWithoutPositions
    let then = try await city.on(day, in: db)
    let choice = try await db.openData.choice(of: day, ridersMin: SmallCells.ridersMinDefault)
    let rows = TidesRows(day: day, network: then.network, groupsTold: choice.groups)
    if !isWithoutPositions { try await export.writeLocations(rows, in: db) }
    try await export.writeFares(rows, leftOut: choice.leftOut, in: db)
    try await export.writeTrips(rows, in: db)
    try await export.writeNames(rows, hours: city.hours(of: day), in: db)
    try await export.writer.finish()
    export.summary.unknownFares = try await db.openData.unknownFares(of: day)
    let backlog = try await db.standing.backlog(days: day...day)
    export.summary.waitingDays = backlog.riderDays + backlog.vehicleDays + backlog.travelDays
    let files = export.writer.files
    export.summary.files = tables.compactMap { files[$0] }
    export.summary.passingsWithoutVisit =
      try await db.openData.boardings(of: day) + export.tapsOff
      - (files[.passengerEvents]?.rows ?? 0)
    try await sink.append(export.summary.descriptor(madeAt: now), to: descriptor)
    return export.summary
  }

  private mutating func writeLocations(_ rows: TidesRows, in db: StoreSession) async throws {
    let pages = try await db.openData.positions(of: day)
    while true {
      let page = try await pages.next()
      guard !page.isEmpty else { return }
      for row in page { try await writer.add(rows.location(row), to: .vehicleLocations) }
    }
  }

  private mutating func writeFares(
    _ rows: TidesRows, leftOut: OpenFareChoice.LeftOut?, in db: StoreSession
  ) async throws {
    let fares = try await db.openData.fares(of: day, leftOut: leftOut)
    while true {
      let page = try await fares.next()
      guard !page.isEmpty else { break }
      for fare in page {
        guard rows.isTold(fare) else {
          summary.rareFares += 1
          continue
        }
        if let values = rows.fare(fare) {
          try await writer.add(values, to: .fareTransactions)
        } else {
          summary.unreadReasons += 1
        }
      }
    }
    let exits = try await db.openData.tapsOff(of: day)
    while true {
      let page = try await exits.next()
      guard !page.isEmpty else { return }
      tapsOff += page.count
      for off in page { try await writer.add(rows.exit(off), to: .fareTransactions) }
    }
  }

  private mutating func writeTrips(_ rows: TidesRows, in db: StoreSession) async throws {
    var last = ""
    while true {
      let vehicles = try await db.openData.vehicles(
        of: day, after: last, countMax: Self.vehiclesPerPageMax)
      guard let end = vehicles.last else { return }
      last = end
      let visits = Dictionary(
        grouping: try await db.openData.visits(of: vehicles, day: day), by: \.vehicle)
      var trips: [String: [PerformedTrip]] = [:]
      for vehicle in vehicles {
        let performed = PerformedTrip.trips(of: visits[vehicle] ?? [])
        trips[vehicle] = performed
        try await write(performed, rows)
      }
      try await writePassings(of: trips, rows, in: db)
    }
  }

  private mutating func write(_ trips: [PerformedTrip], _ rows: TidesRows) async throws {
    for trip in trips {
      try await writer.add(rows.trip(trip), to: .tripsPerformed)
      for index in trip.visits.indices {
        try await writer.add(rows.visit(index, of: trip), to: .stopVisits)
      }
    }
  }

  /// Who got on and off some vehicles, by their trips.
  private mutating func writePassings(
    of trips: [String: [PerformedTrip]], _ rows: TidesRows, in db: StoreSession
  ) async throws {
    let finders = trips.mapValues(PassingFinder.init)
    let pages = try await db.openData.passings(of: trips.keys.sorted(), day: day)
    while true {
      let page = try await pages.next()
      guard !page.isEmpty else { return }
      for passing in page {
        guard let performed = trips[passing.vehicle],
          let place = finders[passing.vehicle]?.place(of: passing)
        else { continue }
        try await writer.add(
          rows.event(passing, at: place, of: performed[place.trip]), to: .passengerEvents)
      }
    }
  }

  /// The vehicles and devices that the other tables name.
  private mutating func writeNames(
    _ rows: TidesRows, hours: Range<Instant>, in db: StoreSession
  ) async throws {
    let devices = writer.devices.sorted()
    for start in stride(from: 0, to: devices.count, by: OpenDataTables.rowsPerPageMax) {
      let page = devices[start..<min(start + OpenDataTables.rowsPerPageMax, devices.count)]
      let assignments = try await db.deviceAssignments.find(of: page)
      for device in page {
        try await writer.add(
          rows.device(device, assignments[device] ?? .init(), hours: hours), to: .devices)
      }
    }
    // After the devices: these name vehicles too.
    for vehicle in writer.vehicles.sorted() {
      try await writer.add(["vehicle_id": vehicle], to: .vehicles)
    }
  }
}

extension TidesSummary {
  /// The description of the package, by the specification of frictionless data.
  func descriptor(madeAt now: Instant) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.member("profile", TidesTable.profile)
    json.member("name", "kvytok-\(day)")
    json.member("title", "Public transport of the fare day \(day)")
    json.member(
      "description",
      (["TIDES \(TidesTable.specification). Written by Kvytok."] + missing).joined(separator: " "))
    json.member("created", now.description)
    json.member("resources", objects: files) { json, file in
      json.member("profile", "tabular-data-resource")
      json.member("name", file.table.rawValue)
      json.member("tides-table", file.table.rawValue)
      json.member("path", file.table.file)
      json.member("schema", file.table.schema)
      json.member("encoding", "utf-8")
      json.member("bytes", file.bytes)
      json.member("description", "\(file.rows) rows")
    }
    json.endObject()
    return json.bytes
  }
}

extension InsightDesk {
  /// Writes a fare day that is over as a package of TIDES.
  package func exportTides(
    _ day: Day, to sink: any TidesSink, at now: Instant
  ) async throws -> TidesOutcome {
    let city = city.current
    let end = city.hours(of: day).upperBound
    guard end <= now else { return .dayNotOver(until: end) }
    return try await store.read(patience: .long) { db in
      .written(try await TidesExport.write(day, of: city, in: db, to: sink, at: now))
    }
  }
}
