import ArgumentParser
import Basics
import Clearing
import Foundation
import Postgres
import Store
import Tariff
import Transit

/// Looks at everything that a service needs, and says what to do.
struct DoctorCommand: AsyncParsableCommand {
  /// Free space below which the folder of the data is a worry where the private PostgreSQL lies in it, bytes: its log
  /// may take 4 GiB (`walMegabytesMax`), more while a checkpoint goes on, and taps of a day come on top.
  static let freeBytesMinWithCluster: Int64 = 8 << 30
  /// The same where the database is elsewhere, bytes: the folder holds keys and files of the acquirer.
  static let freeBytesMin: Int64 = 2 << 30
  /// Difference between our clock and the database's that is a worry, seconds.
  static let clockSecondsMax = 2.0
  /// Age of the oldest thing that waits to be settled that is a worry, seconds.
  static let lagSecondsMax = 60.0

  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract:
      "Checks database, schema, disk, clock, keys, tariff, network, and money that nobody knows of.",
    discussion: "Exit 0 when all is well, 1 when something needs a person.")

  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let place = database.place()
    var report = DoctorReport()
    report.checkFolder(place)
    if place.url == nil, !place.folder.hasCluster {
      report.fail("database", "is not there", place.folder.noService.description)
    } else {
      do {
        try await Backbone.with(place, use: .asking) { backbone in
          try await backbone.pool.session { _ = try await $0.query("select 1") }
          report.pass("database", "answers at \(backbone.pool.configuration.place)")
          do {
            try await report.checkDatabase(backbone)
          } catch {
            report.fail(
              "looking", "\(error)", "The rest was not looked at: mend this, and ask again.")
          }
        }
      } catch let fault as CommandFault {
        report.fail("database", "cannot be used", fault.description)
      } catch {
        report.fail("database", "\(error)", "Start it, or name the right one.")
      }
    }
    print(report.text)
    if !report.isWell { throw ExitCode(CommandFault.no) }
  }
}

extension DatabasePlace {
  /// Free space below which the folder of the data is a worry, bytes.
  var freeBytesMin: Int64 {
    url == nil ? DoctorCommand.freeBytesMinWithCluster : DoctorCommand.freeBytesMin
  }

  /// Bytes that are free where the private database lies, or else the folder; nil when the system does not say.
  func freeBytes() -> Int64? { url == nil ? folder.freeBytesOfDatabase() : folder.freeBytes() }
}

/// What the doctor found.
private struct DoctorReport {
  private var table = TextTable([("", .left), ("check", .left), ("found", .left)])
  private var advice: [String] = []

  var isWell: Bool { advice.isEmpty }

  var text: String {
    table.text
      + (isWell
        ? "\n\nAll is well."
        : "\n\nWhat to do:\n" + advice.map { "  - \($0)" }.joined(separator: "\n"))
  }

  mutating func pass(_ name: String, _ found: String) { table.add(["ok", name, found]) }

  mutating func fail(_ name: String, _ found: String, _ whatToDo: String) {
    table.add(["!!", name, found])
    advice.append("\(name): \(whatToDo)")
  }

  mutating func checkFolder(_ place: DatabasePlace) {
    let folder = place.folder
    checkDisk(
      place.freeBytes(), of: place.url == nil ? folder.placeOfDatabase : folder.path,
      least: place.freeBytesMin)
    guard folder.isThere else { return }
    if let elsewhere = folder.linkedData {
      pass("data", "lie in \(elsewhere), which a copy of \(folder.path) does not hold")
      // Keys, logs and the acquirer's files are in the folder itself.
      if place.url == nil, folder.isOnAnotherDisk(than: elsewhere) {
        checkDisk(folder.freeBytes(), of: folder.path, least: DoctorCommand.freeBytesMin)
      }
    }
    do {
      _ = try folder.tokenKey()
      pass("keys", "the key of the tokens is there")
    } catch {
      fail(
        "keys",
        folder.hasTokenKey
          ? "the key of the tokens cannot be used" : "the key of the tokens is not there",
        error.description)
    }
  }

  private mutating func checkDisk(_ free: Int64?, of path: String, least: Int64) {
    guard let free else { return }
    let found = "\(free >> 20) MiB free where \(path) lies"
    if free >= least {
      pass("disk", found)
    } else {
      fail(
        "disk", found, "Make room: below \(least >> 20) MiB is too little where \(path) lies.")
    }
  }

  mutating func checkDatabase(_ backbone: Backbone) async throws {
    let migrations = try SchemaMigrations.all()
    if let missing = try await MissingSteps.find(backbone.pool, of: migrations) {
      fail("schema", missing.found, missing.whatToDo)
      return
    }
    pass("schema", "the newest")
    checkLocks(try await backbone.store.read { db in try await db.partitions.lockRoom() })
    if backbone.place.folder.isThere { await checkKeys(backbone) }
    let now = try await backbone.store.read { db in try await db.standing.clock() }
    let difference = abs(Instant.now.secondsSince(now))
    let clock = String(format: "%.3f s from the database's", difference)
    if difference <= DoctorCommand.clockSecondsMax {
      pass("clock", clock)
    } else {
      fail(
        "clock", clock,
        "Set both clocks by NTP: taps are judged by the service's clock, and where it is more than "
          + "\(Int(ClockGuard.aheadSecondsMax)) s ahead no charge window is closed and no pass earns."
      )
    }
    let city = CityHolder()
    try await city.reload(from: backbone.store)
    checkCity(city.current)
    try await checkJournal(backbone, at: now, of: city.current)
    if let held = try await backbone.store.read({ try await $0.restores.hold() }) {
      fail("charging", "held since \(held)", RestoredCommand.howToRelease)
    } else {
      pass("charging", "not held")
    }
    let today = city.current.clock.zone.local(now).day
    for finding in try await StandingMoney(store: backbone.store).findings(on: today) {
      if let whatToDo = finding.whatToDo {
        fail(finding.name, finding.found, whatToDo)
      } else {
        pass(finding.name, finding.found)
      }
      for part in finding.parts { table.add(["", "", part]) }
    }
  }

  /// Looks whether statements that name no day have room for the locks on all of them.
  private mutating func checkLocks(_ room: LockRoom) {
    let found =
      "max_locks_per_transaction is \(room.locksPerConnection), the \(room.objectsCount) partitions and "
      + "indexes of days need \(room.locksNeeded)"
    if room.isEnough {
      pass("locks", found)
    } else {
      fail(
        "locks", found,
        "Set max_locks_per_transaction = \(max(2 * room.locksNeeded, LockRoom.locksAdvised)) in "
          + "postgresql.conf, and restart the database: when its table of locks is full, statements fail."
      )
    }
  }

  /// Looks whether the keys of the folder are those of the database.
  private mutating func checkKeys(_ backbone: Backbone) async {
    do {
      try await backbone.requireKeysOfDatabase()
      pass("keys", "the key of the tokens and that of the service are those of the database")
    } catch {
      fail("keys", "not those of the database", "\(error)")
    }
  }

  /// Looks whether what was posted goes on to its riders.
  private mutating func checkJournal(
    _ backbone: Backbone, at now: Instant, of city: City
  ) async throws {
    let (broken, standing) = try await backbone.store.read { db in
      (
        try await db.tapStates.stuck(in: .setAside, at: now, of: city),
        try await db.standing.journal()
      )
    }
    if let oldest = broken.first {
      fail(
        "journal",
        "\(standing.setAsideTaps) taps in \(standing.setAsideBatches) batches are set aside; the oldest, "
          + "\(oldest.place) of \(oldest.since): \(oldest.reason)",
        "Was the program put back to an older one? Then run the newer one. Else the journal is damaged: compare "
          + "it with a backup. All of them: kvytok taps stuck --state set_aside")
    } else {
      pass("journal", "every batch can be read")
    }
    guard let oldest = standing.oldestUnsortedAt else {
      pass("sorting", "nothing waits")
      return
    }
    let seconds = Instant.now.secondsSince(oldest)
    let found = "\(standing.unsortedBatches) batches wait, the oldest for \(Int(seconds)) s"
    if seconds <= DoctorCommand.lagSecondsMax {
      pass("sorting", found)
    } else {
      fail(
        "sorting", found, "Does a service with the role clearing run? Its log says what stops it.")
    }
  }

  private mutating func checkCity(_ city: City) {
    let today = city.fareDay(of: .now)
    if let book = city.book {
      if let tariff = book.tariff(on: today) {
        pass("tariff", "\(tariff.version) holds on \(today)")
      } else {
        fail(
          "tariff", "none holds on \(today)",
          "Publish one that does: kvytok tariff publish DIR")
      }
    } else {
      fail("tariff", "none is published", "Publish one: kvytok tariff publish DIR")
    }
    guard let feed = city.feed else {
      fail("network", "none is loaded", "Import one: kvytok network import FEED.zip")
      return
    }
    if city.networkHolds(on: today) {
      pass("network", "\(feed.name), \(city.network.routes.count) routes")
    } else {
      let days = city.network.validDays.map { "\($0.lowerBound) to \($0.upperBound)" }
      fail(
        "network", "\(feed.name) is for \(days ?? "no day")", "Import the feed that holds today.")
    }
  }
}
