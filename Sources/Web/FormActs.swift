import HTTPTypes
import Store

/// Forms that carry the token of whoever acts, typed for that act: a browser in which one person is
/// signed in acts for no other, and no other site can send the form.
extension Handlers {
  /// The fields of a form, and what the token in it allows; whoever may not use `endpoint` is refused.
  func fieldsOfAct(
    _ request: WebRequest, like endpoint: Endpoint
  ) async throws -> (fields: [String: String], grant: AccessGrant) {
    try Handlers.requireSameSite(request)
    guard let text = String(validating: request.body, as: UTF8.self),
      let fields = formPairs(text[...])
    else {
      throw Problem(.badRequest, "bad_form", "The form cannot be read.")
    }
    let token = fields["token"]?.trimmed ?? ""
    guard !token.isEmpty, token.utf8.count <= Gate.tokenBytesMax,
      let grant = try await services.grantOfToken(token, request.receivedAt)
    else {
      throw Problem(
        .forbidden, "token_unknown", "There is no such token, or it is no longer valid.")
    }
    guard grant.may(use: endpoint.access) else { throw Problem.forbidden }
    try Gate.requireName(of: grant)
    return (fields, grant)
  }
}
