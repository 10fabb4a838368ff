import Basics
import HTTPTypes
import Testing
import Web
import Yams

/// What the description says of a value, as far as answers are held against it.
struct AnswerSchema: Sendable {
  /// The name of the schema that says it instead.
  private(set) var reference: String?
  /// One of these is to fit.
  private(set) var choices: [AnswerSchema] = []
  private(set) var types: Set<String> = []
  /// Nil: any word.
  private(set) var words: Set<String>?
  private(set) var required: Set<String> = []
  private(set) var properties: [String: AnswerSchema] = [:]
  /// What members are that are not named: none, or one schema for all.
  private(set) var others: [AnswerSchema] = []
  private(set) var items: [AnswerSchema] = []

  init(_ described: [String: Any]) {
    reference = (described["$ref"] as? String)?.split(separator: "/").last.map(String.init)
    choices = (described["oneOf"] as? [[String: Any]] ?? []).map(AnswerSchema.init)
    types = Set(described["type"] as? [String] ?? [described["type"] as? String].compactMap { $0 })
    // "on" and "off" are words here, but no number or null is.
    words = (described["enum"] as? [Any]).map { Set($0.compactMap { $0 as? String }) }
    required = Set(described["required"] as? [String] ?? [])
    properties = (described["properties"] as? [String: [String: Any]] ?? [:])
      .mapValues(AnswerSchema.init)
    if let other = described["additionalProperties"] as? [String: Any] {
      others = [AnswerSchema(other)]
    } else if described["additionalProperties"] as? Bool == true {
      others = [AnswerSchema([:])]
    }
    if let item = described["items"] as? [String: Any] { items = [AnswerSchema(item)] }
  }

  /// Whether it says nothing at all of a value.
  var isEmpty: Bool {
    reference == nil && choices.isEmpty && items.isEmpty && properties.isEmpty && others.isEmpty
      && (types.isEmpty || types.isSubset(of: ["object", "array"]))
  }

  /// What of a value is otherwise than said; `named` are the schemas that references mean.
  func faults(
    of value: JSONTree, at place: String = "", named: [String: AnswerSchema]
  ) -> [String] {
    if let reference {
      guard let schema = named[reference] else { return ["\(place): there is no \(reference)"] }
      return schema.faults(of: value, at: place, named: named)
    }
    if !choices.isEmpty {
      let each = choices.map { $0.faults(of: value, at: place, named: named) }
      return each.contains([]) ? [] : each.min { $0.count < $1.count } ?? []
    }
    guard types.isEmpty || !types.isDisjoint(with: value.types) else {
      return ["\(place): is \(value.types.sorted()), not \(types.sorted())"]
    }
    switch value {
    case .object(let members): return faults(ofMembers: members, at: place, named: named)
    case .array(let elements):
      guard let item = items.first else { return [] }
      return elements.enumerated().flatMap { index, element in
        item.faults(of: element, at: "\(place)/\(index)", named: named)
      }
    case .string(let word):
      guard let words, !words.contains(word) else { return [] }
      return ["\(place): \(word) is none of \(words.sorted())"]
    case .null, .bool, .integer, .number: return []
    }
  }

  private func faults(
    ofMembers members: [String: JSONTree], at place: String, named: [String: AnswerSchema]
  ) -> [String] {
    var faults = required.subtracting(members.keys).sorted().map { "\(place)/\($0): is missing" }
    // A schema that says nothing of members says nothing wrong.
    if properties.isEmpty, others.isEmpty { return faults }
    for (name, member) in members.sorted(by: { $0.key < $1.key }) {
      if let schema = properties[name] ?? others.first {
        faults += schema.faults(of: member, at: "\(place)/\(name)", named: named)
      } else {
        faults.append("\(place)/\(name): is not in the description")
      }
    }
    return faults
  }
}

/// A value of JSON, read whole.
indirect enum JSONTree: Sendable {
  case null, bool, integer, number
  case string(String)
  case array([JSONTree])
  case object([String: JSONTree])

  /// Names of the description that fit: a whole number is a number, too.
  var types: Set<String> {
    switch self {
    case .null: ["null"]
    case .bool: ["boolean"]
    case .integer: ["integer", "number"]
    case .number: ["number"]
    case .string: ["string"]
    case .array: ["array"]
    case .object: ["object"]
    }
  }

  init(_ bytes: [UInt8]) throws(JSONFault) {
    var reader = JSONReader(bytes)
    self = try JSONTree(&reader)
    try reader.finish()
  }

  private init(_ reader: inout JSONReader) throws(JSONFault) {
    switch reader.next {
    case .object:
      var members: [String: JSONTree] = [:]
      try reader.beginObject()
      while let key = try reader.nextKey() { members[key] = try JSONTree(&reader) }
      self = .object(members)
    case .array:
      var elements: [JSONTree] = []
      try reader.beginArray()
      while try reader.nextElement() { elements.append(try JSONTree(&reader)) }
      self = .array(elements)
    case .string: self = .string(try reader.string())
    case .number:
      var whole = reader
      if (try? whole.int64()) != nil {
        reader = whole
        self = .integer
      } else {
        _ = try reader.double()
        self = .number
      }
    case .bool:
      _ = try reader.bool()
      self = .bool
    case .null, nil:
      try reader.skipValue()
      self = .null
    }
  }
}

/// The schemas of all answers, by endpoint, status and media type.
struct AnswerSchemas: Sendable {
  /// Those of the description as it is given out.
  static let described = Result { try AnswerSchemas(yaml: try Assets().openAPI) }

  private(set) var named: [String: AnswerSchema] = [:]
  /// `GET /v1/debts 200 application/json`, and its schema.
  private(set) var answers: [String: AnswerSchema] = [:]

  init(yaml: [UInt8]) throws {
    let text = String(decoding: yaml, as: UTF8.self)
    let root = try #require(try Yams.load(yaml: text) as? [String: Any])
    let components = try #require(root["components"] as? [String: [String: Any]])
    named = (components["schemas"] as? [String: [String: Any]] ?? [:]).mapValues(AnswerSchema.init)
    let paths = try #require(root["paths"] as? [String: [String: [String: Any]]])
    for (path, methods) in paths {
      for (method, operation) in methods {
        let responses = operation["responses"] as? [String: [String: Any]] ?? [:]
        for (status, response) in responses {
          for (type, content) in response["content"] as? [String: [String: Any]] ?? [:] {
            answers["\(method.uppercased()) \(path) \(status) \(type)"] = AnswerSchema(
              content["schema"] as? [String: Any] ?? [:])
          }
        }
      }
    }
  }

  /// What of an answer is otherwise than described; nothing of what is no JSON.
  func faults(of answer: Answer, at endpoint: Endpoint) -> [String] {
    let isProblem = answer.contentType == "application/problem+json"
    guard isProblem || ["application/json", "application/geo+json"].contains(answer.contentType),
      answer.status != .notModified
    else { return [] }
    let name = "\(endpoint.rawValue) \(answer.status.code) \(answer.contentType)"
    guard let schema = isProblem ? named["Problem"] : answers[name] else {
      return ["\(name): is not in the description"]
    }
    do {
      return schema.faults(of: try JSONTree(answer.body), named: named).map { "\(name): \($0)" }
    } catch {
      return ["\(name): \(error.pointer) \(error.message)"]
    }
  }
}
