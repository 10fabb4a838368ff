package import Basics
import Foundation
import Postgres

/// What the bearer of a token may do.
package enum AccessRole: String, Sendable, CaseIterable {
  case admin, accountant, planner, dispatcher, inspector, rider
  /// Works at a cash desk: takes and gives money of riders, and keeps no books.
  case cashier
}

/// A bearer token by what it allows; the token itself is never stored.
package struct AccessGrant: Sendable, Equatable {
  /// Whose token it is, for people.
  package var label: String
  package var role: AccessRole
  /// `agency_id` whose figures the bearer may see; nil is all.
  package var operatorID: String?
  /// Whose rides the bearer may see, when the role is rider.
  package var rider: RiderID?
  package var createdAt: Instant
  /// First moment at which the token no longer holds; nil is never.
  package var expiresAt: Instant?
  package var revokedAt: Instant?

  /// Makes a grant.
  package init(
    label: String, role: AccessRole, operatorID: String? = nil, rider: RiderID? = nil,
    createdAt: Instant, expiresAt: Instant? = nil, revokedAt: Instant? = nil
  ) {
    self.label = label
    self.role = role
    self.operatorID = operatorID
    self.rider = rider
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.revokedAt = revokedAt
  }

  /// Most UTF-8 bytes of a label.
  package static let labelBytesMax = 100

  /// What acts by itself and stands in the same columns as people.
  package static let machines = [
    "acquirer", "clearing", "clock", "device", "kvytok", "nobody", "tap",
  ]

  /// A label as it is kept, with one blank between its words; nil when it names nobody or a machine of the house, is
  /// long, steers a terminal, or would look as another one does.
  ///
  /// What is decided about money stands in the books under it. Letters that may be written in two ways (й) are kept in
  /// one: the database compares bytes.
  package static func label(_ text: String) -> String? {
    let typed = SecondPerson.trimmed(text)
    let label = SecondPerson.spaced(typed).precomposedStringWithCanonicalMapping
    guard label.utf8.count <= labelBytesMax, typed.unicodeScalars.allSatisfy(isSeen),
      namesSomebody(label), !machines.contains(where: { SecondPerson.isSame($0, label) })
    else { return nil }
    return label
  }

  /// Whether a label can be read at all: blanks and marks that are not seen are nobody's name.
  package static func namesSomebody(_ label: String) -> Bool {
    String(String.UnicodeScalarView(label.unicodeScalars.filter(isSeen)))
      .contains { $0.isLetter || $0.isNumber }
  }

  /// Whether a character is seen where it stands, and moves no other one.
  static func isSeen(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: false
    default: !scalar.properties.isDefaultIgnorableCodePoint
    }
  }

  /// Whether the token opens anything at a moment.
  package func holds(at moment: Instant) -> Bool {
    guard revokedAt == nil else { return false }
    guard let expiresAt else { return true }
    return moment < expiresAt
  }
}

extension StoreSession {
  /// Bearer tokens of people and programs.
  package var tokens: TokenQueries { TokenQueries(connection: connection) }
}

/// Bearer tokens of people and programs, by the SHA-256 of their text (see ``AccessTokenText``).
package struct TokenQueries {
  /// Most tokens in a list.
  package static let listMax = 1000

  let connection: PostgresConnection

  private static let columns =
    "label, role, operator_id, rider_id, created_at, expires_at, revoked_at"

  /// Adds a token.
  package func create(digest: [UInt8], _ grant: AccessGrant) async throws {
    try await connection.execute(
      """
      insert into access_token (token_digest, \(Self.columns))
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      """,
      [
        .bytea(digest), .text(grant.label), .text(grant.role.rawValue),
        .orNull(grant.operatorID, PostgresValue.text),
        .orNull(grant.rider) { .uuid(high: $0.high, low: $0.low) },
        .timestamptz(grant.createdAt), .orNull(grant.expiresAt, PostgresValue.timestamptz),
        .orNull(grant.revokedAt, PostgresValue.timestamptz),
      ])
  }

  /// Adds the first administrator's token; false when somebody holds a token already.
  package func createFirst(digest: [UInt8], label: String, at: Instant) async throws -> Bool {
    // Two processes on one empty database: only one of them may print a token.
    try await connection.execute("lock table access_token in share row exclusive mode")
    let rows = try await connection.query("select exists (select from access_token)")
    guard try !rows.only().bool(0) else { return false }
    try await create(digest: digest, AccessGrant(label: label, role: .admin, createdAt: at))
    return true
  }

  /// What a token allows; nil when it is not known, has expired or was revoked.
  package func find(digest: [UInt8], at moment: Instant) async throws -> AccessGrant? {
    let rows = try await connection.query(
      "select \(Self.columns) from access_token where token_digest = $1", [.bytea(digest)])
    guard let grant = try rows.onlyOrNil().map(Self.grant) else { return nil }
    return grant.holds(at: moment) ? grant : nil
  }

  /// All tokens, the newest first.
  package func list() async throws -> [AccessGrant] {
    let rows = try await connection.query(
      "select \(Self.columns) from access_token order by created_at desc, label limit $1",
      [.int8(Int64(Self.listMax))])
    return try rows.map(Self.grant)
  }

  /// Ends all tokens of the person of a label; the number ended.
  ///
  /// Labels from before there was a rule may look the same and be two, also by their bytes alone.
  package func revoke(label: String, at moment: Instant) async throws -> Int {
    let rows = try await connection.query(
      "select distinct label from access_token where revoked_at is null order by label")
    var count = 0
    for kept in try rows.map({ try $0.text(0) }) where SecondPerson.isSame(kept, label) {
      count += try await connection.execute(
        "update access_token set revoked_at = $2 where label = $1 and revoked_at is null",
        [.text(kept), .timestamptz(moment)])
    }
    return count
  }

  private static func grant(_ row: PostgresRow) throws -> AccessGrant {
    let text = try row.text(1)
    guard let role = AccessRole(rawValue: text) else {
      throw StoreFault(kind: .damaged, "access_token.role holds \"\(text)\"")
    }
    return AccessGrant(
      label: try row.text(0), role: role, operatorID: try row.textOrNil(2),
      rider: try row.identifierOrNil(3), createdAt: try row.timestamptz(4),
      expiresAt: try row.timestamptzOrNil(5), revokedAt: try row.timestamptzOrNil(6))
  }
}
