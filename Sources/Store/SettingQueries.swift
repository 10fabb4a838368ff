import Postgres

extension StoreSession {
  /// Settings of the city: what has to survive a restart and be the same for every process.
  package var settings: SettingQueries { SettingQueries(connection: connection) }
}

/// Settings of the city: what has to survive a restart and be the same for every process.
package struct SettingQueries {
  let connection: PostgresConnection

  /// A setting; nil when it was never made.
  package func find(_ name: String) async throws -> String? {
    let rows = try await connection.query(
      "select value from setting where name = $1", [.text(name)])
    return try rows.onlyOrNil()?.text(0)
  }

  /// A setting that is held until the transaction ends; nil when it was never made, or another holds it.
  package func lock(_ name: String) async throws -> String? {
    let rows = try await connection.query(
      "select value from setting where name = $1 for update skip locked", [.text(name)])
    return try rows.onlyOrNil()?.text(0)
  }

  /// All settings by name.
  package func all() async throws -> [String: String] {
    let rows = try await connection.query("select name, value from setting")
    var settings: [String: String] = [:]
    for row in rows { settings[try row.text(0)] = try row.text(1) }
    return settings
  }

  /// Makes or changes a setting.
  package func set(_ name: String, to value: String) async throws {
    try await connection.execute(
      """
      insert into setting (name, value) values ($1, $2)
      on conflict (name) do update set value = excluded.value
      """, [.text(name), .text(value)])
  }

  /// Makes a setting unless it is there; what holds afterwards, which may be another's.
  package func findOrMake(_ name: String, _ value: String) async throws -> String {
    try await connection.execute(
      "insert into setting (name, value) values ($1, $2) on conflict do nothing",
      [.text(name), .text(value)])
    guard let kept = try await find(name) else {
      throw StoreFault(kind: .damaged, "setting \"\(name)\" went away while it was made")
    }
    return kept
  }
}
