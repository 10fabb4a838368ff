package import Basics
package import Charging
package import Store

/// Makes the acquirer's clearing files once a day, and says which of them are still to be given out.
///
/// What was made and given out stands in the database: a service that starts anew, or a second one
/// beside it, makes and gives nothing twice.
package struct ClearingFileSchedule: Sendable {
  /// Name of the setting with the last local date on which files were made.
  static let madeSetting = "clearing_files_made_on"
  /// Name of the setting with the number of the last file that was given out.
  static let givenSetting = "clearing_files_given_to"

  private let store: Store
  private let city: CityHolder
  private let desk: ClearingFileDesk
  private let secondOfDay: Int
  private let now: @Sendable () -> Instant

  /// Makes the schedule: files are made from a time of the city's day on.
  package init(
    store: Store, city: CityHolder, desk: ClearingFileDesk, from secondOfDay: Int,
    now: @escaping @Sendable () -> Instant
  ) {
    self.store = store
    self.city = city
    self.desk = desk
    self.secondOfDay = secondOfDay
    self.now = now
  }

  /// Puts all that is authorised into files, when the time of a day has come; how many.
  package func makeDue() async throws -> Int {
    let local = city.current.clock.zone.local(now())
    guard local.secondOfDay >= secondOfDay else { return 0 }
    let last = try await store.read { db in try await db.settings.find(Self.madeSetting) }
    if let last = last.flatMap({ Day($0) }), last >= local.day { return 0 }
    var made = 0
    while try await desk.make() != nil { made += 1 }
    try await store.write { db in
      try await db.settings.set(Self.madeSetting, to: local.day.description)
    }
    return made
  }

  /// The files that were made and not given out yet, in order.
  package func waiting() async throws -> [ClearingFile] {
    let given = try await given()
    var files: [ClearingFile] = []
    for row in try await desk.list() where row.number > given {
      guard let file = try await desk.remake(row.number) else { continue }
      guard FileDigest.of(file.bytes) == row.digest else {
        throw StoreFault(
          kind: .damaged,
          "\(file.name) cannot be made again as it was: are its taps gone from the journal?")
      }
      files.append(file)
    }
    return files
  }

  /// Notes that a file lies where the acquirer fetches it.
  package func markGiven(_ number: Int64) async throws {
    let given = try await given()
    guard number > given else { return }
    try await store.write { db in
      try await db.settings.set(Self.givenSetting, to: String(number))
    }
  }

  private func given() async throws -> Int64 {
    try await store.read { db in
      try await db.settings.find(Self.givenSetting).flatMap { Int64($0) } ?? 0
    }
  }
}
