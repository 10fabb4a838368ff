import ArgumentParser
import Foundation
import ServiceClient

/// Which service is measured: one that runs, or one that is started for the purpose.
struct ServiceChoice: ParsableArguments {
  @Option(help: "Address of a running service; one is started when left out.")
  var url: String?

  @Option(help: "The administrator's token of the running service.")
  var adminToken: String?

  @Option(help: "Process id of the running service, to measure its processor time.")
  var serverPid: Int32?

  @Option(
    help: """
      Database of the service, asked what was stored and measured for a ceiling, as psql takes it: a \
      URL or key=value pairs. That of the started service when left out.
      """)
  var databaseUrl: String?

  @Option(help: "The kvytok program to start; the one beside loadtest when left out.")
  var kvytok: String?

  @Option(
    help: """
      Parts of the started service; those that are measured when left out. Others would do their work \
      meanwhile.
      """)
  var roles: String?

  func validate() throws {
    if url != nil, adminToken == nil {
      throw ValidationError("--url needs --admin-token, for devices have to be enrolled")
    }
  }
}

/// A service that can be measured.
struct ServiceUnderTest {
  let url: String
  let adminToken: String
  let processID: Int32?
  /// What psql takes as its database; nil when it is not known.
  let database: String?
  private let started: StartedService?

  /// Whether the service was started here, and its database is ours to fill.
  var isOurs: Bool { started != nil }

  /// Takes the service that was named, or starts one in a folder of its own, with some parts unless others were
  /// named.
  init(_ choice: ServiceChoice, roles: String = "intake,web", more: [String] = []) async throws {
    if let url = choice.url {
      self.url = url
      adminToken = choice.adminToken ?? ""
      processID = choice.serverPid
      database = choice.databaseUrl
      started = nil
      return
    }
    let service = try await StartedService(
      program: choice.kvytok, roles: choice.roles ?? roles, more: more)
    url = service.url
    adminToken = service.adminToken
    processID = service.processID
    database = choice.databaseUrl ?? service.database
    started = service
  }

  /// Megabytes of log files that are made beforehand, of 16 each.
  private static let logMegabytes = 1024

  /// Gives a database that was started here the files of its log that one has which has run for a
  /// while, and a checkpoint just done: a new one makes each file while commits wait for it.
  func readyLog() async throws {
    guard started != nil, let database else { return }
    let psql = Psql(database: database)
    let next = "select pg_logical_emit_message(false, 'loadtest', ''), pg_switch_wal();\n"
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kvytok-log-\(ProcessInfo.processInfo.processIdentifier).sql")
    let script = String(repeating: next, count: Self.logMegabytes / 16) + "checkpoint;\n"
    try script.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    try await psql.run(file: file.path)
  }

  /// Stops the service when it was started here, and removes its folder.
  func stop() async { await started?.stop() }
}
