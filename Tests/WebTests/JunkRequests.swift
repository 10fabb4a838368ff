import Basics
import HTTPTypes
import Web

/// Requests that follow the contract in their names and in nothing else, from a seed.
///
/// Names of parameters and members are taken from `/openapi.yaml`, values from a list of what breaks
/// programs and from what earlier answers named, so that some requests get past the first look.
struct JunkRequests {
  /// A request.
  struct Request: CustomStringConvertible {
    let endpoint: Endpoint
    let target: String
    let type: String?
    let body: [UInt8]

    var description: String {
      "\(endpoint.method) \(target) \(String(decoding: body.prefix(400), as: UTF8.self))"
    }
  }

  /// Names that an operation of the contract knows.
  private struct Names {
    var queries: [String] = []
    var members: [String] = []
  }

  private static let values = [
    "", "0", "-1", "1", "1.5", "1e300", "9223372036854775807", "-9223372036854775808",
    "9223372036854775808", "true", "null", "[]", "{}", "2026-11-22", "2026-02-30", "0000-00-00",
    "9999-12-31", "10000-01-01", "2026-11", "2026-13", "2026-11-22T08:00:00Z",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "\u{1}", "'; drop table ride; --", "жжж", "UAH",
    "uah", "XXX", "card", "bank", "cash", "adult", "%", "../../etc/passwd",
    "00000000-0000-0000-0000-000000000000", String(repeating: "a", count: 5000),
  ]
  /// Words of the contract's language that are no names of ours.
  private static let grammar: Set<String> = [
    "type", "schema", "properties", "items", "required", "format", "description", "summary", "in",
    "name", "enum", "content", "responses", "default", "example", "maximum", "minimum", "oneOf",
  ]

  private var generator: SeededGenerator
  private let names: [String: Names]
  private let endpoints: [Endpoint]
  /// What answers said, by the name of the member.
  private var known: [String: [String]] = [:]

  init(contract: String, seed: UInt64) {
    generator = SeededGenerator(seed: seed)
    names = Self.names(in: contract)
    endpoints = Endpoint.allCases.filter { $0 != .logout && $0 != .readiness }
  }

  /// The next request.
  mutating func next() -> Request {
    let endpoint = endpoints[generator.integer(in: 0...endpoints.count - 1)]
    let names = names["\(endpoint.method.rawValue.lowercased()) \(endpoint.path)"] ?? Names()
    let path = endpoint.path.split(separator: "/", omittingEmptySubsequences: false).map { part in
      part.hasPrefix("{") ? escaped(value(of: identity(in: endpoint))) : String(part)
    }
    var queries: [String] = []
    for name in names.queries where generator.chance(0.6) {
      queries.append("\(name)=\(escaped(value(of: name)))")
    }
    let target =
      path.joined(separator: "/")
      + (queries.isEmpty ? "" : "?" + queries.joined(separator: "&"))
    let types = endpoint.body.types
    guard !types.isEmpty else {
      return Request(endpoint: endpoint, target: target, type: nil, body: [])
    }
    let type = types[generator.integer(in: 0...types.count - 1)]
    return Request(
      endpoint: endpoint, target: target, type: type, body: body(of: type, names.members))
  }

  /// Remembers what an answer named.
  mutating func learn(_ text: String) {
    guard text.utf8.count < 100_000 else { return }
    for match in text.matches(of: /"([a-z_]+)":(?:"([^"\\]{1,80})"|(-?[0-9]+))/).prefix(100) {
      guard let value = match.2 ?? match.3 else { continue }
      var values = known[String(match.1)] ?? []
      if values.count > 20 { values.removeFirst() }
      known[String(match.1)] = values + [String(value)]
    }
  }

  /// What the part of a path that is no word is called in answers.
  private func identity(in endpoint: Endpoint) -> String {
    for (word, name) in [
      ("devices", "device"), ("riders", "rider"), ("charges", "window"), ("orders", "order"),
      ("operators", "operator"), ("claims", "claim"), ("corrections", "correction"),
      ("adjustments", "adjustment"),
    ] where endpoint.path.contains(word) { return name }
    return "id"
  }

  private mutating func value(of name: String) -> String {
    if let values = known[name], !values.isEmpty, generator.chance(0.6) {
      return values[generator.integer(in: 0...values.count - 1)]
    }
    return Self.values[generator.integer(in: 0...Self.values.count - 1)]
  }

  private mutating func body(of type: String, _ members: [String]) -> [UInt8] {
    guard type.hasSuffix("json"), !generator.chance(0.1) else {
      return (0..<generator.integer(in: 0...200)).map { _ in
        UInt8(truncatingIfNeeded: generator.next())
      }
    }
    var parts: [String] = []
    for name in members where generator.chance(0.8) {
      parts.append("\"\(name)\":\(json(value(of: name)))")
    }
    var bytes = Array("{\(parts.joined(separator: ","))}".utf8)
    if generator.chance(0.05) { bytes.removeLast(generator.integer(in: 0...bytes.count)) }
    if generator.chance(0.03), !bytes.isEmpty {
      bytes[generator.integer(in: 0...bytes.count - 1)] = 0xFF
    }
    return bytes
  }

  /// A value as a member: a number or list as it stands, half of the time.
  private mutating func json(_ value: String) -> String {
    let isPlain = value.wholeMatch(of: /-?[0-9]+(\.[0-9]+)?(e[0-9]+)?|true|null|\[\]|\{\}/) != nil
    if isPlain, generator.chance(0.7) { return value }
    var writer = JSONWriter()
    writer.value(value)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func escaped(_ value: String) -> String {
    value.utf8.map { byte in
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || byte == 0x2D
      return isPlain
        ? String(UnicodeScalar(byte))
        : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }

  /// The names of parameters and members by operation: `post /v1/devices`.
  private static func names(in contract: String) -> [String: Names] {
    var all: [String: Names] = [:]
    var path = ""
    var operation: String?
    for line in contract.split(separator: "\n") {
      if let match = line.wholeMatch(of: #/  (/\S*):/#) {
        path = String(match.1)
        operation = nil
      } else if let match = line.wholeMatch(of: #/    (get|post|put|delete):/#) {
        operation = "\(match.1) \(path)"
      } else if let operation {
        if let match = line.firstMatch(of: #/name: ([a-z_]+), in: query/#) {
          all[operation, default: Names()].queries.append(String(match.1))
        } else if let match = line.firstMatch(of: #/^ {8,}([a-z_]+): /#),
          !grammar.contains(String(match.1))
        {
          all[operation, default: Names()].members.append(String(match.1))
        }
      }
    }
    return all
  }
}
