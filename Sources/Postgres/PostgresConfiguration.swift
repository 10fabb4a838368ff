import CLibPQ

/// Where a database is, and the limits on its use.
package struct PostgresConfiguration: Sendable {
  /// Most connections of a pool.
  package var connectionsMax = 8
  /// Most callers that wait for a connection; the next is refused at once.
  package var waitersMax = 10_000
  /// Longest wait for a free connection, in seconds.
  package var acquireSecondsMax = 5.0
  /// Longest time to open one connection, in seconds.
  package var connectSecondsMax = 5.0
  /// Longest time of one statement, in milliseconds; 0 is none.
  package var statementMillisecondsMax = 30_000
  /// Longest time a transaction may wait for its caller, in milliseconds; 0 is none.
  package var idleInTransactionMillisecondsMax = 60_000
  /// Name by which the server's views show the connections.
  package var applicationName = "kvytok"
  /// Settings of every session by name; values without blanks and backslashes, which are never logged.
  package var sessionSettings: [String: String] = [:]

  /// Past a statement's own limit the server has this long to say so, in milliseconds; then it is
  /// taken for gone.
  package var graceMilliseconds: Int64 = 5_000
  /// A cancelled statement that does not end within this time, in milliseconds, takes the connection with it.
  package var cancelMilliseconds: Int64 = 5_000

  /// What libpq is told about the place, by its own keywords.
  private(set) var options: [String: String]

  /// Reads `postgres://user:password@host:port/database?…` or `host=… port=… dbname=…`.
  package init(url: String) throws(PostgresError) {
    var message: UnsafeMutablePointer<CChar>?
    guard let parsed = PQconninfoParse(url, &message) else {
      // The message of libpq names the fault and never the password.
      let reason = message.map { String(cString: $0) } ?? "out of memory"
      PQfreemem(message)
      throw PostgresError(kind: .usage, message: "the database URL cannot be read: \(trim(reason))")
    }
    defer { PQconninfoFree(parsed) }
    options = [:]
    var option = parsed
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val {
        options[String(cString: keyword)] = String(cString: value)
      }
      option += 1
    }
    for port in (options["port"] ?? "").split(separator: ",") {
      guard let number = Int(port), (1...65_535).contains(number) else {
        throw PostgresError(
          kind: .usage, message: "the database URL cannot be read: \"\(port)\" is no port")
      }
    }
  }

  /// A server on this machine, by the folder of its socket.
  package init(socketFolder: String, port: Int = 5432, user: String, database: String) {
    options = ["host": socketFolder, "port": String(port), "user": user, "dbname": database]
  }

  /// The same server and limits, another database.
  package func with(database: String) -> PostgresConfiguration {
    var copy = self
    copy.options["dbname"] = database
    return copy
  }

  /// The place for people and logs, without the password: `user@host:5432/database`.
  package var place: String {
    let host = options["host"] ?? options["hostaddr"] ?? "localhost"
    let port = options["port"] ?? "5432"
    let user = options["user"].map { $0 + "@" } ?? ""
    return "\(user)\(host):\(port)/\(options["dbname"] ?? "")"
  }

  /// Name of the database; nil when libpq decides.
  package var databaseName: String? { options["dbname"] }

  /// Host names that must be looked up before libpq may connect: it would block while it asks.
  var hostsToResolve: [String] {
    guard options["hostaddr"] == nil, let host = options["host"] else { return [] }
    let hosts = host.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    // A folder of sockets, also among several hosts, needs no look-up; libpq takes all or none.
    return hosts.contains { $0.isEmpty || $0.hasPrefix("/") || $0.hasPrefix("@") } ? [] : hosts
  }

  /// Keywords and values for libpq; the addresses are those of each host to resolve.
  func connectionOptions(addresses: [[String]]) -> [(String, String)] {
    var result = options
    if !addresses.isEmpty {
      // libpq wants lists of equal length: each host once for every address it has.
      let hosts = hostsToResolve
      let ports = (options["port"] ?? "").split(separator: ",", omittingEmptySubsequences: false)
      let places = zip(hosts.indices, addresses).flatMap { index, list in
        list.map { (host: hosts[index], address: $0, port: ports[min(index, ports.count - 1)]) }
      }
      result["host"] = places.map(\.host).joined(separator: ",")
      result["hostaddr"] = places.map(\.address).joined(separator: ",")
      result["port"] = places.map { String($0.port) }.joined(separator: ",")
    }
    result["client_encoding"] = "UTF8"
    let settings =
      "-c statement_timeout=\(statementMillisecondsMax) "
      + "-c idle_in_transaction_session_timeout=\(idleInTransactionMillisecondsMax) "
      + "-c TimeZone=UTC"
      + sessionSettings.sorted { $0.key < $1.key }.map { " -c \($0.key)=\($0.value)" }.joined()
    result["options"] = [settings, options["options"]].compactMap { $0 }.joined(separator: " ")
    let defaults = [
      "application_name": applicationName,
      // Kerberos would be asked first, and may block.
      "gssencmode": "disable",
      "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3",
      "tcp_user_timeout": "30000",
    ]
    for (key, value) in defaults where result[key] == nil { result[key] = value }
    return result.sorted { $0.key < $1.key }
  }
}

/// A message of libpq in one line.
func trim(_ message: String) -> String {
  message.split(whereSeparator: \.isNewline)
    .map { String($0.drop(while: { $0 == " " || $0 == "\t" })) }.joined(separator: " ")
}
