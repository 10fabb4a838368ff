import Basics
import Foundation
import SimulatedCity
import Tapping
import Testing
import Transit

/// The shared real data, when it is there.
private enum RealData {
  static let folder: String? = {
    let shared =
      ProcessInfo.processInfo.environment["KVYTOK_SHARED"]
      ?? packageFolder.map { $0 + "/../shared" }
    guard let shared, FileManager.default.fileExists(atPath: shared + "/data") else { return nil }
    return shared + "/data"
  }()

  private static var packageFolder: String? {
    var path = URL(fileURLWithPath: #filePath)
    while path.pathComponents.count > 1 {
      path.deleteLastPathComponent()
      let manifest = path.appendingPathComponent("Package.swift").path
      if FileManager.default.fileExists(atPath: manifest) { return path.path }
    }
    return nil
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: try #require(folder) + "/" + path)))
  }

  static func riga(_ file: String) throws -> [UInt8] { try bytes("riga-2018-11-23/" + file) }

  static func zone() throws -> TimeZoneTable { try #require(TimeZoneTable(name: "Europe/Riga")) }

  static func taps() throws -> [RigaTap] {
    let zone = try zone()
    return try RigaDay.tapFiles.flatMap { try RigaDay.taps(riga($0), file: $0, zone: zone) }
  }
}

@Suite(.enabled(if: RealData.folder != nil, "skipped: no real data")) struct RigaTests {
  @Test func allValidationsAreRead() throws {
    let zone = try RealData.zone()
    let counts = try RigaDay.tapFiles.map {
      try RigaDay.taps(RealData.riga($0), file: $0, zone: zone).count
    }
    #expect(counts == [3402, 295, 280])
    let taps = try RealData.taps()
    #expect(taps.allSatisfy { zone.local($0.at).day == RigaDay.day })
    #expect(taps.count { $0.vehicle == "1603" && $0.code == "Tr 15" } >= 192)
  }

  @Test func everyVehicleNumbersItsTapsWithoutHoles() throws {
    let network = try FeedReader.read(zip: RealData.bytes("gtfs/riga_2019-10.zip")).network
    let vehicles = RigaDay.numbered(try RealData.taps(), network: network)
    #expect(vehicles.reduce(0) { $0 + $1.1.count } == 3977)
    for (_, taps) in vehicles {
      #expect(taps.map(\.seq) == Array(1...Int64(taps.count)))
      for (earlier, later) in zip(taps, taps.dropFirst()) { #expect(earlier.at <= later.at) }
    }
  }

  @Test func routeCodesBecomeRoutesOfTheFeed() throws {
    let network = try FeedReader.read(zip: RealData.bytes("gtfs/riga_2019-10.zip")).network
    #expect(RigaDay.route("Tr 15", in: network) == "riga_trol_15")
    #expect(RigaDay.route("A 15", in: network) == "riga_bus_15")
    #expect(RigaDay.route("Tm 11", in: network) == "riga_tram_11")
    #expect(RigaDay.route("Tr 101", in: network) == "Tr 101")
  }

  @Test func allMessagesOfTheTrackedVehicleAreRead() throws {
    let zone = try RealData.zone()
    let file = RigaDay.positionFile
    let positions = try RigaDay.positions(RealData.riga(file), file: file, zone: zone)
    #expect(positions.count == 2471)
    #expect(positions.count { $0.isDoorOpen == true } == 362)
    #expect(positions.count { $0.isDoorOpen == false } == 356)
    #expect(positions[0].at == Instant(iso8601: "2018-11-23T05:32:16+02:00"))
    #expect(positions[0].coordinate == Coordinate(latitude: 56.98695, longitude: 24.12685))
  }
}

@Suite struct RigaPostTests {
  @Test func timesOfBothTablesAreUnderstood() throws {
    let zone = try #require(TimeZoneTable(name: "Europe/Riga"))
    let minute = RigaDay.instant("23.11.2018 7:48", zone: zone)
    #expect(minute == Instant(iso8601: "2018-11-23T07:48:00+02:00"))
    let second = RigaDay.instant("23.11.2018 09:53:37", zone: zone)
    #expect(second == Instant(iso8601: "2018-11-23T09:53:37+02:00"))
    #expect(RigaDay.instant("23.11.2018", zone: zone) == nil)
    #expect(RigaDay.instant("31.02.2018 7:48", zone: zone) == nil)
  }

  @Test func aTableWithoutATimeIsRefusedWithItsPlace() throws {
    let table = "Ier_ID,GarNr,TMarsruts,Virziens,Laiks,ValidTalonaId\n1,16033,Tr 15,Back,,7\n"
    do {
      _ = try RigaDay.taps(Array(table.utf8), file: "t.csv", zone: .utc)
      Issue.record("a row without a time was read")
    } catch {
      #expect("\(error)".hasPrefix("t.csv:2:"))
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func everyTapIsPostedOnceAndRepeatsComeLater(_ seed: UInt64) {
    let counts = (0..<200).map { 1 + $0 % 40 }
    let plan = RigaPosts.plan(tapCounts: counts, seed: seed)
    var posted: Set<[Int]> = []
    var seen = [Set<Int>](repeating: [], count: counts.count)
    var repeats = 0
    for post in plan {
      let first = [post.vehicle, post.taps.lowerBound, post.taps.upperBound]
      if post.isRepeat {
        repeats += 1
        #expect(posted.contains(first))
      } else {
        #expect(seen[post.vehicle].isDisjoint(with: post.taps))
        seen[post.vehicle].formUnion(post.taps)
        posted.insert(first)
      }
    }
    #expect(repeats > 20)
    #expect(zip(seen, counts).allSatisfy { $0.count == $1 })
    #expect(plan.map(\.vehicle) != plan.map(\.vehicle).sorted(), "the order is shuffled")
  }
}
