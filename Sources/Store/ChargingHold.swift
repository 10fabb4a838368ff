package import Basics
import Postgres

/// A hold on asking the acquirer: after a restore it knows what is forgotten here.
///
/// Windows close all the same. What they are charged for, and what was taken since the backup, a person compares
/// before the acquirer is asked anything.
extension RestoreQueries {
  /// Name of the setting that says who holds and since when; it is there as long as the acquirer is asked nothing.
  package static let holdSetting = "charging_held"
  /// Name of the setting that says who ended the last hold, and when.
  package static let releaseSetting = "charging_released"

  /// Who holds, and since when; nil when the acquirer is asked what is due.
  package func hold() async throws -> String? {
    try await SettingQueries(connection: connection).find(Self.holdSetting)
  }

  /// Holds from a moment on; a later hold takes the place of one that stands.
  func hold(by person: String, at moment: Instant) async throws {
    try await SettingQueries(connection: connection).set(
      Self.holdSetting, to: "\(moment) by \(person)")
  }

  /// Ends the hold; what it was, nil when there is none.
  @discardableResult
  package func release(by person: String, at moment: Instant) async throws -> String? {
    let rows = try await connection.query(
      "delete from setting where name = $1 returning value", [.text(Self.holdSetting)])
    guard let held = try rows.onlyOrNil()?.text(0) else { return nil }
    try await SettingQueries(connection: connection).set(
      Self.releaseSetting, to: "\(moment) by \(person), held since \(held)")
    return held
  }
}
