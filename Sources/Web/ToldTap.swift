import Basics
import Tapping

/// What a tap says, read from its content as it is kept, for people.
struct ToldTap {
  /// Members by name, as they stand in the content.
  private(set) var values: [(name: String, value: String)] = []

  /// Reads a content; what cannot be read is left out.
  init(content: String) {
    var reader = JSONReader(Array(content.utf8))
    do throws(JSONFault) {
      try reader.beginObject()
      while let name = try reader.nextKey() {
        if let value = try Self.value(&reader) { values.append((name, value)) }
      }
    } catch {
      // Contents are of our own making; of a damaged one is shown what stands before the damage.
    }
  }

  private static func value(_ reader: inout JSONReader) throws(JSONFault) -> String? {
    switch reader.next {
    case .string: return try reader.string()
    case .number:
      // Degrees are the only numbers that are not whole.
      var whole = reader
      if let number = try? whole.int64() {
        reader = whole
        return String(number)
      }
      return String(try reader.double())
    default:
      try reader.skipValue()
      return nil
    }
  }

  /// A member of the content.
  subscript(_ name: String) -> String? { values.first { $0.name == name }?.value }

  /// When it was by the device's clock.
  var at: Instant? { self["at"].flatMap { Instant(iso8601: $0) } }

  /// Names of the members in which another tap says something else.
  func differing(from other: ToldTap) -> [String] {
    let names = other.values.map(\.name) + values.map(\.name).filter { other[$0] == nil }
    return names.filter { self[$0] != other[$0] }
  }

  /// Members with their titles and values as people read them; without the number, which is the tap's name.
  func members(_ people: People) -> [(name: String, title: String, value: String)] {
    values.filter { $0.name != "seq" }.map { name, value in
      (name, Self.title(of: name, people), Self.shown(value, of: name, people))
    }
  }

  static func title(of name: String, _ people: People) -> String {
    people.wordOrNil("fleet_tap_\(name)") ?? name
  }

  private static func shown(_ value: String, of name: String, _ people: People) -> String {
    switch name {
    case "at": Instant(iso8601: value).map(people.moment) ?? value
    case "medium": people.wordOrNil("medium_\(value)") ?? value
    case "kind": people.wordOrNil("fleet_kind_\(value)") ?? value
    case "result": people.wordOrNil("fleet_result_\(value)") ?? value
    default: value
    }
  }
}

extension People {
  /// A word of the catalogue; nil where it has none of that name.
  func wordOrNil(_ name: String) -> String? { Texts.all[name]?[language] }
}
