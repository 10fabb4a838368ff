package import Basics
package import Store

/// How much of the past one person may change without another one.
extension Rerating {
  /// Setting with the largest change, in minor units of each currency, that one person may order; see
  /// ``changeMinorMaxStandard``.
  package static let limitSetting = "rerating_limit_minor"
  /// The limit where none is set: 1,000.00 of each currency.
  package static let changeMinorMaxStandard: Int64 = 100_000
  /// How long what a person changed without a second one counts towards the limit.
  package static let aloneHours: Int64 = 24

  /// Whether a change of a person takes a second one.
  ///
  /// What the person changed alone in the hours before counts together with it, by whatever way: so that a
  /// large change cut into small ones takes a second person too. A change of nothing takes one only where
  /// the limit is below nothing. Others who ask wait until the transaction ends.
  package static func needsSecondPerson(
    _ changeMinor: Int64, by person: Person, at now: Instant, in db: StoreSession
  ) async throws -> Bool {
    let limit = try await limitMinor(in: db)
    guard changeMinor > 0, limit >= 0 else { return changeMinor > limit }
    let before = try await db.aloneChanges.lock(
      by: person, after: now.adding(seconds: -aloneHours * 3600))
    let (together, isTooMuch) = before.addingReportingOverflow(changeMinor)
    return isTooMuch || together > limit
  }

  /// Most minor units of change that one person may order.
  static func limitMinor(in db: StoreSession) async throws -> Int64 {
    let text = try await db.settings.find(limitSetting)
    return text.flatMap { Int64($0) } ?? changeMinorMaxStandard
  }
}
