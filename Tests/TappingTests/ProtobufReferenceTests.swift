import Basics
import Foundation
import SwiftProtobuf
import TapBatchMessages
import Tapping
import Testing
import Transit

/// The same bodies read and written by swift-protobuf, with code generated from the `.proto`.
enum ProtobufReference {
  /// What swift-protobuf reads; nil when it refuses the bytes or a value has no meaning.
  static func batch(_ bytes: [UInt8]) -> TapBatch? {
    guard let message = try? Kvytok_V1_TapBatch(serializedBytes: bytes) else { return nil }
    let taps = message.taps.compactMap(tap)
    guard taps.count == message.taps.count else { return nil }
    return TapBatch(
      device: message.device, epoch: message.epoch, sentAt: Instant(microseconds: message.sentAt),
      tariffVersion: message.hasTariffVersion ? message.tariffVersion : nil,
      denyListVersion: message.hasDenyListVersion ? message.denyListVersion : nil, taps: taps)
  }

  private static func tap(_ message: Kvytok_V1_Tap) -> Tap? {
    let kinds: [Kvytok_V1_TapKind: TapKind] = [.kindOn: .on, .kindOff: .off, .kindSingle: .single]
    let media: [Kvytok_V1_Medium: MediumKind] = [
      .card: .card, .bank: .bank, .phone: .phone, .qr: .qr,
    ]
    guard let kind = kinds[message.kind], let medium = media[message.medium] else { return nil }
    var tap = Tap(
      seq: message.seq, at: Instant(microseconds: message.at), kind: kind, medium: medium,
      token: Array(message.token), riders: message.hasRiders ? Int(message.riders) : 1)
    if message.result == .resultDenied {
      tap.result = .denied(reason: message.hasDenyReason ? message.denyReason : nil)
    }
    tap.vehicle = message.hasVehicle ? message.vehicle : nil
    tap.route = message.hasRoute ? message.route : nil
    tap.direction = message.hasDirection ? Int(message.direction) : nil
    tap.trip = message.hasTrip ? message.trip : nil
    tap.stop = message.hasStop ? message.stop : nil
    tap.zone = message.hasZone ? message.zone : nil
    if message.hasLat {
      tap.coordinate = Coordinate(latitude: message.lat, longitude: message.lon)
    }
    return tap
  }

  /// A batch as swift-protobuf writes it.
  static func body(_ batch: TapBatch) throws -> [UInt8] {
    var message = Kvytok_V1_TapBatch()
    message.device = batch.device
    message.epoch = batch.epoch
    message.sentAt = batch.sentAt.microseconds
    if let version = batch.tariffVersion { message.tariffVersion = version }
    if let version = batch.denyListVersion { message.denyListVersion = version }
    message.taps = batch.taps.map(message(of:))
    return try message.serializedBytes()
  }

  private static func message(of tap: Tap) -> Kvytok_V1_Tap {
    var message = Kvytok_V1_Tap()
    message.seq = tap.seq
    message.at = tap.at.microseconds
    message.kind = [.on: .kindOn, .off: .kindOff, .single: .kindSingle][tap.kind] ?? .init()
    message.medium = [.card: .card, .bank: .bank, .phone: .phone, .qr: .qr][tap.medium] ?? .init()
    message.token = Data(tap.token)
    message.riders = Int64(tap.riders)
    message.result = .resultAccepted
    if case .denied(let reason) = tap.result {
      message.result = .resultDenied
      if let reason { message.denyReason = reason }
    }
    if let vehicle = tap.vehicle { message.vehicle = vehicle }
    if let route = tap.route { message.route = route }
    if let direction = tap.direction { message.direction = Int64(direction) }
    if let trip = tap.trip { message.trip = trip }
    if let stop = tap.stop { message.stop = stop }
    if let zone = tap.zone { message.zone = zone }
    if let place = tap.coordinate {
      message.lat = place.latitude
      message.lon = place.longitude
    }
    return message
  }
}

/// Faults that are none of our strictness: swift-protobuf has to refuse the bytes too.
private let protobufsOwnFaults: Set<String> = ["cut_off", "not_utf8"]

@Suite struct ProtobufReferenceTests {
  @Test(arguments: 1...40) func bothReadWhatEitherWrites(_ seed: UInt64) throws {
    var world = World(seed: seed)
    let batch = world.batch(seqs: [1, 2, 7, TapLimits.seqMax])
    #expect(ProtobufReference.batch(TapBatchWire.encode(batch, .protobuf)) == batch)
    #expect(try TapBatchWire.decode(try ProtobufReference.body(batch), .protobuf) == batch)
  }

  /// Changes a few bytes at random; whatever is still read must be what swift-protobuf reads, and
  /// what is refused as no protobuf it must refuse too.
  @Test(arguments: 1...8) func aDamagedBodyIsRefusedOrReadAsItStands(_ seed: UInt64) {
    var world = World(seed: seed)
    let bytes = TapBatchWire.encode(world.batch(seqs: 1...3), .protobuf)
    var readCount = 0
    var refusedByBoth = 0
    for _ in 0..<1500 {
      let damaged = world.damaged(bytes)
      do throws(TapBatchFault) {
        let batch = try TapBatchWire.decode(damaged, .protobuf)
        readCount += 1
        #expect(ProtobufReference.batch(damaged) == batch)
      } catch {
        guard protobufsOwnFaults.contains(error.code) else { continue }
        refusedByBoth += 1
        #expect((try? Kvytok_V1_TapBatch(serializedBytes: damaged)) == nil, "\(error)")
      }
    }
    #expect(readCount > 60)
    #expect(refusedByBoth > 60)
  }

  /// The way in keeps an outline only: it must refuse what the reader refuses, in the same words, and
  /// know of the rest what the reader knows.
  @Test(arguments: 1...8) func anOutlineIsAsStrictAsTheReader(_ seed: UInt64) throws {
    var world = World(seed: seed)
    let bytes = TapBatchWire.encode(world.batch(seqs: 1...3), .protobuf)
    #expect(
      try TapBatchWire.outline(bytes, .protobuf)
        == TapBatchOutline(try TapBatchWire.decode(bytes, .protobuf)))
    var refusedCount = 0
    for _ in 0..<1500 {
      let damaged = world.damaged(bytes)
      var batch: TapBatch?
      var fault: TapBatchFault?
      do throws(TapBatchFault) {
        batch = try TapBatchWire.decode(damaged, .protobuf)
      } catch {
        fault = error
        refusedCount += 1
      }
      do throws(TapBatchFault) {
        let outline = try TapBatchWire.outline(damaged, .protobuf)
        #expect(batch.map(TapBatchOutline.init) == outline)
      } catch {
        #expect(error == fault)
      }
    }
    #expect(refusedCount > 60 && refusedCount < 1450)
  }

  /// Bytes of every length around the eight that are looked at at once, with every kind of byte at
  /// every place.
  @Test func textsAreJudgedAsTheStandardLibraryJudgesThem() {
    for count in 0...20 {
      for place in 0..<max(1, count) {
        for other: [UInt8] in [[0], [0x7F], [0x80], [0xC3, 0xA9], [0xE2, 0x82], [0xFF], [0x61]] {
          var text = [UInt8](repeating: 0x61, count: count)
          text.replaceSubrange(place..<min(count, place + other.count), with: other)
          let judged = text.withUnsafeBytes { TextBytes($0) }
          #expect(judged.isUTF8 == (String(validating: text, as: UTF8.self) != nil))
          #expect(judged.holdsNUL == text.contains(0))
        }
      }
    }
  }

  @Test func theAnswerIsReadByBoth() throws {
    let answer = TapBatchAnswer(
      accepted: 98, duplicates: 2, conflicts: [1207, 1208],
      rejected: [.init(seq: 1210, code: "tap_in_future", message: "…")], ackThrough: 1299,
      missing: [1190...1195], serverTime: World.morning, tariffVersion: "2026-11",
      denyListVersion: 18)
    let message = try Kvytok_V1_TapBatchAnswer(serializedBytes: answer.encode(.protobuf))
    #expect(message.accepted == 98 && message.duplicates == 2)
    #expect(message.conflicts == [1207, 1208])
    #expect(message.rejected.map(\.code) == ["tap_in_future"])
    #expect(message.ackThrough == 1299)
    #expect(message.missing.map { $0.first...$0.last } == [1190...1195])
    #expect(message.serverTime == World.morning.microseconds)
    #expect(message.tariffVersion == "2026-11" && message.denyListVersion == 18)
    let written: [UInt8] = try message.serializedBytes()
    #expect(try TapBatchAnswer.decode(written, .protobuf) == answer)
  }

  @Test(.enabled(if: RigaTaps.isThere, "skipped: no real data"))
  func theTapsOfRigaAreReadByAll() throws {
    let taps = try RigaTaps.all()
    #expect(taps.count > 3000)
    for start in stride(from: 0, to: taps.count, by: 1000) {
      let batch = TapBatch(
        device: "riga", epoch: 0, sentAt: World.morning,
        taps: Array(taps[start..<min(start + 1000, taps.count)]))
      let json = TapBatchWire.encode(batch, .json)
      let protobuf = TapBatchWire.encode(batch, .protobuf)
      #expect(try TapBatchWire.decode(json, .json) == batch)
      #expect(try TapBatchWire.decode(protobuf, .protobuf) == batch)
      #expect(ProtobufReference.batch(protobuf) == batch)
      #expect(try ProtobufReference.body(batch).count >= protobuf.count)
      #expect(FoundationReference.batch(json) == batch)
    }
  }
}

/// Real validations of one day in Riga; in minutes, without stops.
private enum RigaTaps {
  static let folder: URL? = ProcessInfo.processInfo.environment["KVYTOK_SHARED"].map {
    URL(fileURLWithPath: $0).appendingPathComponent("data/riga-2018-11-23")
  }
  static let isThere = folder.map { FileManager.default.fileExists(atPath: $0.path) } ?? false

  static func all() throws -> [Tap] {
    var taps: [Tap] = []
    for name in ["taps_2018-11-23_cards_with_2_taps", "taps_2018-11-23_vehicle_1603"] {
      let file = try #require(folder).appendingPathComponent("\(name).csv")
      var reader = CSVReader(Array(try Data(contentsOf: file)))
      let header = try #require(CSVHeader(&reader))
      func column(_ name: String) throws -> Int { try #require(header.names.firstIndex(of: name)) }
      let (token, route) = (try column("ValidTalonaId"), try column("TMarsruts"))
      let (vehicle, way, time) = (
        try column("GarNr"), try column("Virziens"), try column("Laiks")
      )
      while reader.next() {
        let clock = try #require(reader.text(time).split(separator: " ").last)
        let text = (clock.count < 5 ? "0" : "") + clock.prefix(5)
        let at = try #require(Instant(iso8601: "2018-11-23T\(text):00+02:00"))
        taps.append(
          Tap(
            seq: Int64(taps.count + 1), at: at, kind: .single, medium: .card,
            token: Array(reader.text(token).utf8), vehicle: reader.text(vehicle),
            route: reader.text(route), direction: reader.text(way) == "Back" ? 1 : 0))
      }
    }
    return taps
  }
}
