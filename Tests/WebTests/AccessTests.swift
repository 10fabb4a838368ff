import Basics
import DatabaseSupport
import HTTPTypes
import Store
import Testing
import Web

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct AccessTests {
  /// Who may come to the door.
  private static let callers: [(name: String, role: AccessRole?, operatorID: String?)] =
    [("nobody", nil, nil)] + AccessRole.allCases.map { ($0.rawValue, $0, nil) } + [
      ("accountant of one operator", .accountant, "op-1"),
      ("planner of one operator", .planner, "op-1"),
    ]

  @Test func everyEndpointLetsInExactlyWhomItNames() async throws {
    try await TestService.with { service in
      let rider = RiderID(high: 1, low: 2)
      for caller in Self.callers {
        var token: String?
        if let role = caller.role {
          token = try await service.token(
            role, operatorID: caller.operatorID, rider: role == .rider ? rider : nil)
        }
        for endpoint in Endpoint.allCases {
          let path = endpoint.path.replacing("{id}", with: "\(rider)")
          let answer = await service.send(endpoint.method, path, token: token)
          let expected = Self.expected(endpoint, caller.role, isScoped: caller.operatorID != nil)
          #expect(
            Self.verdict(answer, endpoint) == expected,
            "\(endpoint.rawValue) as \(caller.name): \(answer.status) \(answer.text.prefix(200))")
        }
      }
    }
  }

  /// Whoever handles the cash does not keep the books, and the other way round; this list is the
  /// rule, not what the endpoints say of themselves.
  @Test func theCashDeskAndTheBooksAreNotInTheSameHands() async throws {
    let cash: Set<Endpoint> = [
      .walletTopUp, .walletRefund, .productSell, .productRefund, .chargePay, .refundPay,
    ]
    let both: Set<Endpoint> = [.wallet, .riderProducts]
    try await TestService.with { service in
      let rider = RiderID(high: 1, low: 2)
      let tokens = [
        "cashier": try await service.token(.cashier),
        "accountant": try await service.token(.accountant),
        "planner": try await service.token(.planner),
      ]
      for endpoint in Endpoint.allCases {
        guard case .staff = endpoint.access else { continue }
        let path = endpoint.path.replacing("{id}", with: "\(rider)")
        for (name, token) in tokens {
          let answer = await service.send(endpoint.method, path, token: token)
          let isForbidden = Self.verdict(answer, endpoint) == .forbidden
          if cash.contains(endpoint) {
            #expect(isForbidden == (name != "cashier"), "\(endpoint.rawValue) as \(name)")
          } else if name == "cashier" {
            #expect(isForbidden != both.contains(endpoint), "\(endpoint.rawValue) as \(name)")
          }
        }
      }
    }
  }

  private enum Verdict {
    case letIn, unknown, forbidden
  }

  private static func verdict(_ answer: Answer, _ endpoint: Endpoint) -> Verdict {
    switch answer.status.code {
    case 401: .unknown
    case 403: .forbidden
    case 303 where endpoint != .login && endpoint != .logout: .unknown
    default: .letIn
    }
  }

  private static func expected(
    _ endpoint: Endpoint, _ role: AccessRole?, isScoped: Bool
  ) -> Verdict {
    // No token makes a device: without a signature all are unknown, once the body is looked at.
    if AccessTable.devices.contains(endpoint) {
      return endpoint.body == .none ? .unknown : .letIn
    }
    // One-time secrets and the acquirer's signature are looked at with the body.
    guard let right = AccessTable.right(endpoint) else { return .letIn }
    guard let role else { return .unknown }
    guard role == .admin || right.roles.contains(role) else { return .forbidden }
    return isScoped && !right.isScoped ? .forbidden : .letIn
  }

  /// The endpoints say of themselves what the table says, and none is in no list or in two.
  @Test func theTableNamesEveryEndpointOnce() {
    let staff = AccessTable.staff.flatMap(\.1)
    let listed =
      staff + AccessTable.anyone + AccessTable.devices + [.deviceEnroll, .acquirerEvent]
    #expect(listed.count == Set(listed).count)
    let unlisted = Set(Endpoint.allCases).subtracting(listed)
    #expect(unlisted.isEmpty, "\(unlisted)")
    for endpoint in Endpoint.allCases {
      switch endpoint.access {
      case .staff(let roles, let scoped):
        let right = AccessTable.Right(roles: Set(roles), isScoped: scoped)
        #expect(AccessTable.right(endpoint) == right, "\(endpoint)")
      case .anyone: #expect(AccessTable.anyone.contains(endpoint), "\(endpoint)")
      case .device: #expect(AccessTable.devices.contains(endpoint), "\(endpoint)")
      case .oneTimeSecret: #expect(endpoint == .deviceEnroll)
      case .acquirer: #expect(endpoint == .acquirerEvent)
      }
    }
  }

  @Test func aTokenThatIsWrongExpiredOrRevokedOpensNothing() async throws {
    try await TestService.with { service in
      let expired = try await service.token(.admin, expiresAt: TestService.now)
      let holds = try await service.token(.admin, expiresAt: TestService.now.adding(seconds: 1))
      for token in ["x", "kvytok_", expired, String(repeating: "a", count: 5000)] {
        let answer = await service.send(.get, "/v1/devices", token: token)
        #expect(answer.status == .unauthorized)
        #expect(answer.problemCode == "not_known")
        #expect(answer.headers[.wwwAuthenticate] == "Bearer")
      }
      #expect(await service.send(.get, "/v1/devices", token: holds).status == .ok)
      _ = try await service.store.write { db in
        try await db.tokens.revoke(label: "test", at: TestService.now)
      }
      #expect(await service.send(.get, "/v1/devices", token: holds).status == .unauthorized)
    }
  }

  @Test func theCookieOfASignedInPersonReadsButChangesNothing() async throws {
    try await TestService.with { service in
      let token = try await service.token(.admin)
      let login = await service.send(
        .post, "/login", headers: [.contentType: "application/x-www-form-urlencoded"],
        body: Array("token=\(token)&next=%2Freport%3Fdate%3D2026-11-22".utf8))
      #expect(login.status == .seeOther)
      #expect(login.headers[.location] == "/report?date=2026-11-22")
      let cookie = try #require(login.headers[.setCookie])
      #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
      let sent = [HTTPField.Name.cookie: "kvytok_token=\(token)"]
      #expect(await service.send(.get, "/v1/devices", headers: sent).status == .ok)
      let revoke = await service.send(.post, "/v1/devices/a/revoke", headers: sent)
      #expect(revoke.status == .unauthorized)
      let logout = await service.send(.post, "/logout", headers: sent)
      #expect(logout.headers[.setCookie]?.contains("Max-Age=0") == true)
    }
  }

  @Test func signingInNeverLeadsToAnotherSite() async throws {
    try await TestService.with { service in
      let token = try await service.token(.admin)
      for next in ["//evil.example/", "/\\evil", "https://evil.example", "javascript:x", ""] {
        let body = "token=\(token)&next=\(percentEncoded(next))"
        let answer = await service.send(
          .post, "/login", headers: [.contentType: "application/x-www-form-urlencoded"],
          body: Array(body.utf8))
        #expect(answer.status == .seeOther, "\(next)")
        #expect(answer.headers[.location] == "/", "\(next)")
      }
    }
  }

  @Test func anotherSiteCannotSignAnybodyIn() async throws {
    try await TestService.with { service in
      let token = try await service.token(.admin)
      let site = try #require(HTTPField.Name("Sec-Fetch-Site"))
      let answer = await service.send(
        .post, "/login",
        headers: [.contentType: "application/x-www-form-urlencoded", site: "cross-site"],
        body: Array("token=\(token)".utf8))
      #expect(answer.status == .forbidden)
      #expect(answer.headers[.setCookie] == nil)
    }
  }

  @Test func aRiderSeesTheirOwnRidesOnly() async throws {
    try await TestService.with { service in
      let own = RiderID(high: 1, low: 1)
      let token = try await service.token(.rider, rider: own)
      let mine = await service.send(.get, "/v1/riders/\(own)/rides", token: token)
      #expect(mine.status != .forbidden)
      let other = await service.send(
        .get, "/v1/riders/\(RiderID(high: 1, low: 2))/rides", token: token)
      #expect(other.status == .forbidden)
      let card = await service.send(
        .get, "/v1/riders/-/rides?medium=card&token=AAAA", token: token)
      #expect(card.status == .forbidden)
    }
  }
}
