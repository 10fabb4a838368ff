import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Hummingbird
import Insight
import Intake
import Ledger
import Logging
import NIOCore
import Postgres
import Store
import Synchronization
import Tapping
import Testing
import Web

/// The clock of a service under test: it stands still until it is set.
final class TestClock: Sendable {
  private let instant = Mutex(TestService.now)

  /// The moment at which requests come in.
  var now: Instant { instant.withLock { $0 } }

  /// Goes on to another moment.
  func set(_ moment: Instant) { instant.withLock { $0 = moment } }
}

/// The web room over a database of its own, without a socket.
struct TestService: Sendable {
  /// The moment at which all requests of the tests come in: 2026-11-22T08:00:00Z.
  static let now = Instant(seconds: 1_795_334_400)

  let clock = TestClock()
  let pool: PostgresPool
  let store: Store
  let services: WebServices
  let responder: WebResponder

  /// Runs a body on a fresh service.
  static func with<Result: Sendable>(
    parts: Set<ServicePart> = Set(ServicePart.allCases), acquirerSecret: [UInt8]? = nil,
    queue: CommitLimits = CommitLimits(),
    _ body: @Sendable (TestService) async throws -> Result
  ) async throws -> Result {
    try await LeasedDatabase.with(SchemaMigrations.all()) { pool in
      try await body(
        TestService(pool: pool, parts: parts, acquirerSecret: acquirerSecret, queue: queue))
    }
  }

  /// Sorts and rates what came.
  func settle() async throws {
    try await ClearingService(
      store: store, city: services.city, tokenKey: services.tokenKey,
      log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
      now: { clock.now }
    ).drain()
  }

  private init(
    pool: PostgresPool, parts: Set<ServicePart>, acquirerSecret: [UInt8]?, queue: CommitLimits
  ) throws {
    let store = Store(pool: pool)
    let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let city = CityHolder()
    let registry = PrometheusRegistry()
    let key = try #require(TokenKey(Array(repeating: 7, count: TokenKey.byteCount)))
    let secret = try #require(SessionSecret(Array(repeating: 3, count: SessionSecret.byteCount)))
    let gate = DeviceGate(store: store, log: log)
    let denyList = DenyListHolder(factory: registry)
    let clock = clock
    let facts: @Sendable () -> AnswerFacts = {
      AnswerFacts(
        serverTime: clock.now, tariffVersion: city.current.tariffVersion(at: clock.now),
        denyListVersion: denyList.version)
    }
    self.pool = pool
    self.store = store
    services = WebServices(
      store: store, city: city, registry: registry, assets: try Assets(),
      insight: InsightDesk(store: store, city: city),
      intake: IntakeService(
        store: store, gate: gate, tokenKey: key,
        sessions: SessionDesk(store: store, secret: secret, log: log), queue: queue, log: log,
        facts: facts),
      positions: PositionIntake(
        store: store, gate: gate, log: log, fareDay: { city.current.fareDay(of: $0) },
        now: { clock.now }),
      gate: gate, desk: DeviceDesk(store: store, gate: gate, log: log), denyList: denyList,
      log: log, tokenKey: key,
      acquirerMessages: acquirerSecret.map { secret in
        MessageDesk(store: store, city: city, secret: secret, now: { clock.now })
      },
      facts: facts, now: { clock.now }, randomBytes: { SecureRandom.bytes($0) },
      readiness: {
        [
          ReadinessCheck("database", fault: nil),
          ReadinessCheck("tariff", fault: city.current.book == nil ? "publish one" : nil),
          ReadinessCheck(
            "network", fault: city.current.feed == nil ? "import one" : nil, isNeeded: false),
        ]
      })
    responder = try WebResponder(services: services, parts: parts, logger: log)
  }

  /// Makes a token of a role.
  func token(
    _ role: AccessRole, operatorID: String? = nil, rider: RiderID? = nil,
    expiresAt: Instant? = nil, label: String = "test"
  ) async throws -> String {
    let text = AccessTokenText.make(
      random: SecureRandom.bytes(AccessTokenText.randomBytesCount))
    let grant = AccessGrant(
      label: label, role: role, operatorID: operatorID, rider: rider, createdAt: Self.now,
      expiresAt: expiresAt)
    try await store.write { db in
      try await db.tokens.create(digest: AccessTokenText.digest(of: text), grant)
    }
    return text
  }

  /// Books fares that riders owe to operators, in hryvnias by minor units.
  func addFares(on day: Day, _ fares: [String: Int64]) async throws {
    let uah = try #require(Currency("UAH"))
    let entry = try Entry(
      kind: .fares, accountingDate: day, currency: uah, memo: "test",
      postings: fares.sorted { $0.key < $1.key }.flatMap { name, minor in
        [
          Posting(.debit, account: AccountCode.riders, minor: minor),
          Posting(.credit, account: AccountCode.operators, operatorID: name, minor: minor),
        ]
      })
    try await store.write { db in
      try await db.books.save(.standard)
      try await db.books.add([entry], at: Self.now)
    }
  }

  /// Sends a request; an answer in JSON that is otherwise than the description says is an issue of the test.
  func send(
    _ method: HTTPRequest.Method, _ target: String, token: String? = nil,
    headers: [HTTPField.Name: String] = [:], body: [UInt8] = []
  ) async -> Answer {
    var fields = HTTPFields()
    for (name, value) in headers { fields[name] = value }
    if let token { fields[.authorization] = "Bearer \(token)" }
    let head = HTTPRequest(
      method: method, scheme: "http", authority: "localhost", path: target, headerFields: fields)
    let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body)))
    let answer = await responder.answer(to: request)
    if case .found(let endpoint, _) = RouteTable().match(method, request.uri.path) {
      switch AnswerSchemas.described {
      case .success(let described):
        let faults = described.faults(of: answer, at: endpoint)
        if !faults.isEmpty { Issue.record("\(faults.joined(separator: "\n"))") }
      case .failure(let error): Issue.record("the description cannot be read: \(error)")
      }
    }
    return answer
  }

  /// Sends a JSON body.
  func post(_ target: String, token: String? = nil, json: String) async -> Answer {
    await send(
      .post, target, token: token, headers: [.contentType: "application/json"],
      body: Array(json.utf8))
  }
}

extension Answer {
  /// The body as text.
  var text: String { String(decoding: body, as: UTF8.self) }

  /// The code of the problem; nil when the answer is none.
  var problemCode: String? {
    guard contentType == "application/problem+json" else { return nil }
    return member("code")
  }

  /// A text member of an answer in JSON, the first of that name.
  func member(_ name: String) -> String? {
    guard let start = text.firstRange(of: "\"\(name)\":\"") else { return nil }
    return String(text[start.upperBound...].prefix { $0 != "\"" })
  }
}
