package import Basics
package import HTTPTypes
package import Store

/// A request that was let in: who asks what, with the body whole.
package struct WebRequest: Sendable {
  package let endpoint: Endpoint
  /// Path and query as they came.
  package let target: String
  /// The `{parameters}` of the path.
  package let parameters: [String: String]
  /// What stands behind the `?`.
  package let query: [String: String]
  package let headers: HTTPFields
  /// The bearer of the token; nil where nobody is asked who they are.
  package let caller: AccessGrant?
  /// The language to answer people in.
  package let language: Language
  /// When the request was let in.
  package let receivedAt: Instant
  package var body: [UInt8] = []

  /// A parameter of the path; it is there because the endpoint's path names it.
  func parameter(_ name: String) throws(Problem) -> String {
    guard let value = parameters[name] else {
      throw .badParameter(name, "it is missing from the path")
    }
    return value
  }

  /// A parameter of the query; an empty one counts as missing.
  func queryText(_ name: String) -> String? {
    guard let value = query[name], !value.isEmpty else { return nil }
    return value
  }

  /// A parameter of the query that must be there.
  func requireQuery(_ name: String) throws(Problem) -> String {
    guard let value = queryText(name) else {
      throw .badParameter(name, "it is missing; add ?\(name)=…")
    }
    return value
  }

  /// A date of the query.
  func queryDay(_ name: String) throws(Problem) -> Day? {
    guard let text = queryText(name) else { return nil }
    guard let day = Day(text) else {
      throw .badParameter(name, "\(text) is not a date; write it as 2026-11-22")
    }
    return day
  }

  /// A yes or no of the query; no when it is missing.
  func queryFlag(_ name: String) throws(Problem) -> Bool {
    switch queryText(name) {
    case nil, "false": return false
    case "true": return true
    case .some(let text): throw .badParameter(name, "\(text) is neither true nor false")
    }
  }

  /// A whole number of the query within limits.
  func queryInt(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
    guard let text = queryText(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw .badParameter(
        name, "\(text) is not a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Whether the caller would rather have a media type than the others offered.
  ///
  /// Reads `Accept` (RFC 9110 12.5.1): the offer with the highest weight, the earlier one on a tie.
  func preferredType(_ offers: [String]) -> String? {
    guard let accept = headers[.accept], !accept.isEmpty else { return offers.first }
    var best: (offer: String, weight: Double)?
    for offer in offers {
      let weight = WebRequest.weight(of: offer, in: accept)
      if weight > (best?.weight ?? 0) { best = (offer, weight) }
    }
    return best?.offer
  }

  private static func weight(of offer: String, in accept: String) -> Double {
    var best: (precision: Int, weight: Double) = (-1, 0)
    for range in accept.split(separator: ",") {
      let parts = range.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
      guard let type = parts.first else { continue }
      let precision: Int
      if type == offer {
        precision = 2
      } else if type.hasSuffix("/*"), offer.hasPrefix(type.dropLast()) {
        precision = 1
      } else if type == "*/*" {
        precision = 0
      } else {
        continue
      }
      let quality = parts.dropFirst().first { $0.hasPrefix("q=") }
      let weight = quality.flatMap { Double($0.dropFirst(2)) } ?? 1
      if precision > best.precision { best = (precision, weight) }
    }
    return best.weight
  }
}

extension Language {
  /// Name of the cookie and of the query parameter that choose a language.
  static let parameterName = "lang"

  /// The language of a reader: what was asked for, then the cookie, then `Accept-Language`.
  package static func chosen(
    query: String?, cookie: String?, acceptLanguage: String?
  ) -> Language {
    if let asked = query.flatMap(Language.init(rawValue:)) { return asked }
    if let kept = cookie.flatMap(Language.init(rawValue:)) { return kept }
    var best: (language: Language, weight: Double)?
    for range in (acceptLanguage ?? "").split(separator: ",") {
      let parts = range.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
      guard let tag = parts.first, let language = Language(rawValue: String(tag.prefix(2))) else {
        continue
      }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
        .flatMap { Double($0.dropFirst(2)) }
      if weight ?? 1 > best?.weight ?? 0 { best = (language, weight ?? 1) }
    }
    return best?.language ?? .ukrainian
  }
}

extension WebRequest {
  /// Reads the body as one JSON object; the closure says whether it knows a key.
  ///
  /// An unknown key is a fault: a misspelt one would otherwise be a silent nothing.
  func readObject(
    _ member: (inout JSONReader, String) throws(JSONFault) -> Bool
  ) throws(Problem) {
    var reader = JSONReader(body)
    do throws(JSONFault) {
      try reader.beginObject()
      while let key = try reader.nextKey() {
        guard try member(&reader, key) else {
          throw reader.fault("member \(key) is not known here")
        }
      }
      try reader.finish()
    } catch {
      throw Problem(.badRequest, "malformed", error.message, pointer: error.pointer)
    }
  }
}
