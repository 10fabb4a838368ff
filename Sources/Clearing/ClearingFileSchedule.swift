package import Basics
package import Store

/// Makes the acquirer's clearing files once a day.
///
/// The last day stands in the database: a service that starts anew, or a second one beside it, makes
/// nothing twice.
package struct ClearingFileSchedule: Sendable {
  /// Name of the setting with the last local date on which files were made.
  static let madeSetting = "clearing_files_made_on"

  private let store: Store
  private let city: CityHolder
  package let desk: ClearingFileDesk
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
    // A later day was written down by a clock that was ahead: it keeps nothing back.
    if last.flatMap({ Day($0) }) == local.day { return 0 }
    var made = 0
    making: while true {
      switch try await desk.makeNext() {
      case .made: made += 1
      case .nothing: break making
      // Whoever makes them may end before the last one.
      case .busy: return made
      // The day is not over with it: they are made once the hold ends.
      case .held: return made
      }
    }
    try await store.write { db in
      try await db.settings.set(Self.madeSetting, to: local.day.description)
    }
    return made
  }
}
