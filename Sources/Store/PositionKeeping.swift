package import Basics
import Postgres

/// How long positions are kept, and how many days of them went lately, is the same for every process on a database.
extension PartitionQueries {
  /// How long a process that needed positions of more days is waited for after it last said so, days.
  package static let needDaysMax: Int64 = 31
  /// Setting with the most days that a process keeps positions for, and when it last said so.
  private static let keptSetting = "position_days"
  /// Setting with how many days of positions went in the last hour in which some did, and when it began.
  private static let droppedSetting = "positions_dropped"
  private static let hourSeconds: Int64 = 3600

  /// Says for how many days a process keeps positions: the most that any says holds for all; whether one had said it
  /// before.
  ///
  /// One that said more counts until it was silent for long. Of the process's clock and the database's the later
  /// says when it spoke, and the earlier that another was silent: a clock that is wrong lets nothing go.
  package func tellPositionDays(_ days: Int, at moment: Instant) async throws -> Bool {
    precondition(days > 0, "the positions of today are needed")
    try await connection.execute("select pg_advisory_xact_lock($1)", [.int8(Self.lockKey)])
    let theirs = try await StandingTables(connection: connection).clock()
    let told = try await numberAndMoment(Self.keptSetting)
    if let told, told.number > days,
      min(moment, theirs) < told.moment.adding(seconds: Self.needDaysMax * 86_400)
    {
      return true
    }
    try await set(Self.keptSetting, days, max(moment, theirs))
    return told != nil
  }

  /// The first day of which positions are kept today, by a process that keeps them for so many days and by all that
  /// said for how many they do.
  func keptFrom(_ today: Day, _ days: Int) async throws -> Day {
    today.adding(days: -max(days, try await numberAndMoment(Self.keptSetting)?.number ?? 0))
  }

  /// Counts a day of positions that is dropped; false where as many as may go went in this hour.
  func countDrop(at moment: Instant, perHourMax: Int) async throws -> Bool {
    var (number, began) = try await numberAndMoment(Self.droppedSetting) ?? (0, moment)
    // An hour that lies ahead was begun by a clock that was wrong.
    if abs(moment.secondsSince(began)) >= Double(Self.hourSeconds) { (number, began) = (0, moment) }
    guard number < perHourMax else { return false }
    try await set(Self.droppedSetting, number + 1, began)
    return true
  }

  private func set(_ name: String, _ number: Int, _ moment: Instant) async throws {
    try await SettingQueries(connection: connection).set(name, to: "\(number) \(moment)")
  }

  private func numberAndMoment(_ name: String) async throws -> (number: Int, moment: Instant)? {
    guard let text = try await SettingQueries(connection: connection).find(name) else { return nil }
    let words = text.split(separator: " ")
    guard words.count == 2, let number = Int(words[0]), let moment = Instant(iso8601: words[1])
    else { throw StoreFault(kind: .damaged, "the setting \(name) is \"\(text)\"") }
    return (number, moment)
  }
}
