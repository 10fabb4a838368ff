import Basics
import HTTPTypes
import Hummingbird
import NIOCore
import Store

/// Lets requests in: finds who asks, and takes a body no longer and no other than the endpoint's.
struct Gate: Sendable {
  /// Name of the cookie that carries the token of a signed-in person.
  static let cookieName = "kvytok_token"
  /// Longest token that is looked up, in bytes.
  static let tokenBytesMax = 256

  /// Finds the bearer of a token; nil when there is no such token, or not any more.
  let grantOfToken: @Sendable (String, Instant) async throws -> AccessGrant?

  /// Who asks; nil where nobody is asked, or the body says it.
  ///
  /// The cookie of a signed-in person counts for reading only: what changes anything needs the
  /// header, which no other site can make a browser send.
  func caller(
    of request: Request, at endpoint: Endpoint, now: Instant
  ) async throws -> AccessGrant? {
    let token = Gate.token(of: request, cookieCounts: endpoint.method == .get)
    guard case .staff = endpoint.access else {
      guard endpoint.isPage, let token else { return nil }
      return try await grantOfToken(token, now)
    }
    guard let token, let caller = try await grantOfToken(token, now) else {
      throw Problem.unknownCaller
    }
    guard caller.may(use: endpoint.access) else { throw Problem.forbidden }
    if endpoint.method != .get { try Gate.requireName(of: caller) }
    return caller
  }

  /// Who reads the answer, as far as it is known: for what stands around a page, and to let nobody do anything.
  func reader(of request: Request, now: Instant) async -> AccessGrant? {
    guard let token = Gate.token(of: request, cookieCounts: true) else { return nil }
    return try? await grantOfToken(token, now)
  }

  /// A token of nobody decides nothing; what it opens may still be read.
  static func requireName(of grant: AccessGrant) throws(Problem) {
    guard AccessGrant.namesSomebody(grant.label) else { throw .nameless(role: grant.role.rawValue) }
  }

  private static func token(of request: Request, cookieCounts: Bool) -> String? {
    var token: String?
    if let header = request.headers[.authorization] {
      guard header.lowercased().hasPrefix("bearer ") else { return nil }
      token = String(header.dropFirst(7)).trimmed
    } else if cookieCounts {
      token = request.cookies[cookieName]?.value
    }
    guard let token, !token.isEmpty, token.utf8.count <= tokenBytesMax else { return nil }
    return token
  }

  /// The whole body, when its type and length are what the endpoint takes.
  func body(of request: Request, rule: BodyRule) async throws -> [UInt8] {
    guard rule.bytesMax > 0 else { return [] }
    let type = request.headers[.contentType]
    let plain = type?.split(separator: ";").first.map { String($0).trimmed.lowercased() }
    guard let plain, rule.types.contains(plain) else {
      throw Problem.unsupported(type, rule.types)
    }
    if !rule.isPackable, let encoding = request.headers[.contentEncoding],
      encoding.lowercased() != "identity"
    {
      throw Problem(
        .unsupportedMediaType, "encoding_not_supported",
        "Content-Encoding is \(encoding); send the body as it is.")
    }
    if let length = request.headers[.contentLength].flatMap(Int.init), length > rule.bytesMax {
      throw Problem.tooLarge(bytesMax: rule.bytesMax)
    }
    do {
      let buffer = try await request.body.collect(upTo: rule.bytesMax)
      return Array(buffer.readableBytesView)
    } catch is NIOTooManyBytesError {
      throw Problem.tooLarge(bytesMax: rule.bytesMax)
    }
  }
}

extension String {
  /// The text without white space at its ends.
  var trimmed: String {
    var rest = self[...]
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
