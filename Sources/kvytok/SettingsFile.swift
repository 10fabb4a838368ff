import Basics
import Foundation

/// A file of settings as a person writes it: what it says and nobody reads would be taken for done.
enum SettingsFile {
  /// What a value is to be.
  enum Kind: String {
    case text, number
    case flag = "true or false"
  }

  /// What is wrong with a file.
  enum Fault: Error, CustomStringConvertible {
    case unreadable(String)
    case broken(line: Int, String)
    case notAnObject
    case unknown(String)
    case otherKind(String, Kind)

    var description: String {
      switch self {
      case .unreadable(let reason): reason
      case .broken(let line, let reason): "it is no JSON: line \(line) \(reason)"
      case .notAnObject: "it is no JSON object, such as {\"port\": 8080}"
      case .unknown(let key):
        "there is no setting \(key), but any of " + kinds.keys.sorted().joined(separator: ", ")
      case .otherKind(let key, let kind): "\(key) is to be \(kind.rawValue)"
      }
    }
  }

  /// All settings by name.
  static let kinds: [String: Kind] = [
    "host": .text, "port": .number, "data": .text, "database_url": .text, "roles": .text,
    "tariff": .text, "acquirer_url": .text, "acquirer_secret": .text, "acquirer_files": .flag,
    "acquirer_files_at": .text, "acquirer_out": .text, "acquirer_in": .text, "merchant": .text,
    "tap_age_days": .number, "position_days": .number,
    "log_level": .text, "tls_certificate": .text, "tls_key": .text, "tls_client_ca": .text,
    "trusted_proxy": .text,
  ]

  private enum Value: Decodable {
    case text, number, flag, other

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if (try? container.decode(Bool.self)) != nil {
        self = .flag
      } else if (try? container.decode(Int.self)) != nil {
        self = .number
      } else if (try? container.decode(String.self)) != nil {
        self = .text
      } else {
        self = .other
      }
    }
  }

  private static func contents(_ path: String) throws(Fault) -> Data {
    if let reason = OwnerWords.whyNotRead(path) { throw .unreadable(reason) }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .unreadable("it is no file")
    }
    // Some editors put it before the text, where nobody sees it; whatever reads the values takes none.
    guard !data.starts(with: [0xEF, 0xBB, 0xBF]) else {
      throw .unreadable("it begins with a byte order mark; save it as UTF-8 without one")
    }
    return data
  }

  /// Checks that a file is JSON, of whatever content.
  static func checkForm(_ data: Data) throws(Fault) {
    var reader = JSONReader(Array(data))
    do {
      try reader.skipValue()
      try reader.finish()
    } catch {
      throw .broken(line: reader.line, error.message)
    }
  }

  /// Checks that each setting of a file is one, and of its kind.
  static func check(_ path: String) throws(Fault) {
    let data = try contents(path)
    try checkForm(data)
    guard let values = try? JSONDecoder().decode([String: Value].self, from: data) else {
      throw .notAnObject
    }
    for (key, value) in values.sorted(by: { $0.key < $1.key }) {
      guard let kind = kinds[key] else { throw .unknown(key) }
      switch (kind, value) {
      case (.text, .text), (.number, .number), (.flag, .flag): continue
      default: throw .otherKind(key, kind)
      }
    }
  }
}
