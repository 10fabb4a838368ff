import Basics
package import HTTPTypes

/// Finds the endpoint of a request: a look-up for fixed paths, a walk over the few with parameters.
package struct RouteTable: Sendable {
  /// What a path and a method lead to.
  package enum Match: Sendable, Equatable {
    case found(Endpoint, [String: String])
    /// The path is known, with other methods.
    case otherMethod([HTTPRequest.Method])
    case nothing
  }

  private struct Pattern: Sendable {
    let endpoint: Endpoint
    let parts: [Substring]
  }

  private let fixed: [String: [Endpoint]]
  private let patterns: [Pattern]

  /// Makes the table of all endpoints.
  package init() {
    var fixed: [String: [Endpoint]] = [:]
    var patterns: [Pattern] = []
    for endpoint in Endpoint.allCases {
      if endpoint.path.contains("{") {
        let copy = endpoint.path
        patterns.append(Pattern(endpoint: endpoint, parts: copy.split(separator: "/")))
      } else {
        fixed[endpoint.path, default: []].append(endpoint)
      }
    }
    self.fixed = fixed
    self.patterns = patterns
  }

  /// The endpoint of a method and a path; HEAD is answered as GET without a body.
  package func match(_ method: HTTPRequest.Method, _ path: String) -> Match {
    let wanted = method == .head ? .get : method
    var candidates: [(Endpoint, [String: String])] = (fixed[path] ?? []).map { ($0, [:]) }
    if candidates.isEmpty {
      let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
      for pattern in patterns {
        if let parameters = RouteTable.parameters(of: pattern.parts, in: parts) {
          candidates.append((pattern.endpoint, parameters))
        }
      }
    }
    guard !candidates.isEmpty else { return .nothing }
    if let (endpoint, parameters) = candidates.first(where: { $0.0.method == wanted }) {
      return .found(endpoint, parameters)
    }
    return .otherMethod(candidates.map(\.0.method))
  }

  private static func parameters(
    of pattern: [Substring], in parts: ArraySlice<Substring>
  ) -> [String: String]? {
    var found: [String: String] = [:]
    var rest = parts
    for part in pattern {
      if part.hasPrefix("{"), part.hasSuffix("...}") {
        guard !rest.isEmpty, !rest.contains("") else { return nil }
        found[String(part.dropFirst().dropLast(4))] = rest.joined(separator: "/")
        rest = []
      } else {
        guard let value = rest.popFirst(), !value.isEmpty else { return nil }
        if part.hasPrefix("{") {
          guard let decoded = percentDecoded(value) else { return nil }
          found[String(part.dropFirst().dropLast())] = decoded
        } else if part != value {
          return nil
        }
      }
    }
    return rest.isEmpty ? found : nil
  }
}

/// Text with its `%41` turned into bytes; nil when they are broken or not UTF-8, or name a NUL.
func percentDecoded(_ text: Substring, plusIsSpace: Bool = false) -> String? {
  var bytes: [UInt8] = []
  var rest = text.utf8[...]
  while let byte = rest.popFirst() {
    switch byte {
    case 0x25:
      guard let high = rest.popFirst().flatMap(hexValue),
        let low = rest.popFirst().flatMap(hexValue)
      else { return nil }
      bytes.append(high << 4 | low)
    case 0x2B where plusIsSpace: bytes.append(0x20)
    default: bytes.append(byte)
    }
  }
  return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
}

/// The pairs of `a=1&b=2`, decoded, the first of each name; nil when one is broken.
func formPairs(_ text: Substring) -> [String: String]? {
  var pairs: [String: String] = [:]
  for pair in text.split(separator: "&") {
    let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = percentDecoded(sides[0], plusIsSpace: true),
      let value = percentDecoded(sides.count > 1 ? sides[1] : "", plusIsSpace: true)
    else { return nil }
    if pairs[name] == nil { pairs[name] = value }
  }
  return pairs
}

/// Text as a value of a query or a part of a path.
package func percentEncoded(_ text: String) -> String {
  var encoded = ""
  for byte in text.utf8 {
    switch byte {
    case 48...57, 65...90, 97...122, 45, 46, 95, 126:
      encoded.unicodeScalars.append(Unicode.Scalar(byte))
    default: encoded += "%" + hexText([byte]).uppercased()
    }
  }
  return encoded
}
