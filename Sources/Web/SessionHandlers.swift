import Basics
import HTTPTypes
import Store

/// Signing in and out: a bearer token moves into a cookie, and out of it.
extension Handlers {
  private struct LoginModel {
    let hasFailed: Bool
    let next: String
  }

  func loginPage(_ request: WebRequest, hasFailed: Bool = false, next: String? = nil) -> Answer {
    let people = self.people(request)
    let frame = PageFrame(request, titleName: "login_title", people: people)
    let model = LoginModel(
      hasFailed: hasFailed, next: next ?? Handlers.localPath(request.query["next"]))
    return pages.page(
      "login", frame: frame, language: request.language, model,
      status: hasFailed ? .unauthorized : .ok)
  }

  func login(_ request: WebRequest) async throws -> Answer {
    try Handlers.requireSameSite(request)
    guard let text = String(validating: request.body, as: UTF8.self),
      let fields = formPairs(text[...]), let token = fields["token"]?.trimmed
    else {
      throw Problem(.badRequest, "bad_form", "The form must have a field token.")
    }
    let next = Handlers.localPath(fields["next"])
    guard token.utf8.count <= Gate.tokenBytesMax,
      token.utf8.allSatisfy(Handlers.isTokenByte),
      let grant = try await services.grantOfToken(token, request.receivedAt)
    else { return loginPage(request, hasFailed: true, next: next) }
    let home = Handlers.home(of: grant)
    var answer = Answer.redirect(to: next == "/" ? home : next)
    let isSecure = request.headers[.xForwardedProto] == "https"
    answer.headers.append(
      HTTPField(name: .setCookie, value: CookieText.token(token, isSecure: isSecure)))
    return answer
  }

  func logout(_ request: WebRequest) throws -> Answer {
    try Handlers.requireSameSite(request)
    var answer = Answer.redirect(to: "/login")
    answer.headers.append(HTTPField(name: .setCookie, value: CookieText.noToken))
    return answer
  }

  /// The first page that a person may open.
  static func home(of grant: AccessGrant) -> String {
    PageFrame.sections.map(\.0).first { $0 != .mapPage && grant.may(use: $0.access) }?.path
      ?? Endpoint.mapPage.path
  }

  /// A path on this site, or the first page: never another site (an open redirect).
  static func localPath(_ path: String?) -> String {
    guard let path, path.hasPrefix("/"), !path.hasPrefix("//"),
      path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5C })
    else { return "/" }
    return path
  }

  /// What a cookie may hold, and a token of ours does.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      || byte == 45 || byte == 95
  }

  /// Another site must not sign anybody in or out, nor send any form of ours; browsers say where a form came from.
  static func requireSameSite(_ request: WebRequest) throws(Problem) {
    if let site = request.headers[.secFetchSite], site != "same-origin", site != "none" {
      throw Problem(.forbidden, "other_site", "The form came from another site.")
    }
  }
}

extension HTTPField.Name {
  static let secFetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .origin
  static let xForwardedProto = HTTPField.Name("X-Forwarded-Proto") ?? .origin
}
