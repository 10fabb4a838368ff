import Foundation

/// Messages and enums of a `.proto`, read line by line.
struct ProtoFile {
  /// A field of a message.
  struct Field: Equatable {
    let name: String
    let number: Int
    let type: String
    let isRepeated: Bool
  }

  /// A line that is no field, no value and no end of a block.
  struct UnknownLine: Error {
    let text: String
  }

  private(set) var messages: [String: [Field]] = [:]
  /// Numbers of values by their names, without those that say nothing.
  private(set) var enums: [String: [String: Int]] = [:]

  init(_ text: String) throws {
    var block: Substring?
    for line in text.split(separator: "\n") {
      let code = line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex)
        .trimmingCharacters(in: .whitespaces)
      if let head = code.wholeMatch(of: /(message|enum) (\w+) \{/) {
        block = head.output.2
        let name = String(head.output.2)
        if head.output.1 == "message" { messages[name] = [] } else { enums[name] = [:] }
      } else if let name = block.map(String.init), !code.isEmpty {
        if code == "}" { block = nil } else { try take(code, in: name) }
      }
    }
  }

  private mutating func take(_ code: String, in block: String) throws {
    if let field = code.wholeMatch(of: /(optional|repeated) (\w+) (\w+) = ([0-9]+);/)?.output,
      let number = Int(field.4)
    {
      messages[block]?.append(
        Field(
          name: String(field.3), number: number, type: String(field.2),
          isRepeated: field.1 == "repeated"))
    } else if let value = code.wholeMatch(of: /(\w+) = ([0-9]+);/)?.output,
      let number = Int(value.2)
    {
      if !value.1.hasSuffix("_UNSPECIFIED") { enums[block]?[String(value.1)] = number }
    } else {
      throw UnknownLine(text: code)
    }
  }

  /// Values of an enum as JSON has them, by their numbers: `KIND_ON` is `on`.
  func words(of name: String) -> [Int: String] {
    var words: [Int: String] = [:]
    for (value, number) in enums[name] ?? [:] {
      words[number] = value.drop { $0 != "_" }.dropFirst().lowercased()
    }
    return words
  }

  /// The wire type of a field; a list of numbers is packed.
  func wireType(of field: Field) -> UInt8 {
    switch field.type {
    case "sfixed64", "double": 1
    case "string", "bytes": 2
    default: messages[field.type] != nil || field.isRepeated ? 2 : 0
    }
  }
}
