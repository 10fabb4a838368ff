import ArgumentParser
import Foundation
import Store

/// The person who gives a command about the books: known by a token of their own, as over HTTP.
struct PersonOptions: ParsableArguments {
  /// The variable that may hold the token.
  static let variable = "KVYTOK_TOKEN"

  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      "A file with the token of whoever gives the order. Or set KVYTOK_TOKEN; without either it is "
        + "asked for where it takes one.", valueName: "file"))
  var file: String?

  /// Whether a token was given, so that nobody is asked for one.
  var isGiven: Bool { file != nil || ofEnvironment != nil }

  /// The token of the variable; one that is set to nothing, as unit files do, is none.
  private var ofEnvironment: String? {
    guard let text = ProcessInfo.processInfo.environment[Self.variable],
      !text.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty
    else { return nil }
    return text
  }

  /// The person, when their token holds and their role may do so: an admin always may, and else who
  /// has one of the roles and sees all operators.
  func person(_ store: Store, roles: Set<AccessRole> = [.accountant]) async throws -> Person {
    try await person(store, roles: roles, advice: "")
  }

  private func person(
    _ store: Store, roles: Set<AccessRole>, advice: String
  ) async throws -> Person {
    let digest = AccessTokenText.digest(
      of: try token().trimmingCharacters(in: .whitespacesAndNewlines))
    let grant = try await store.read { db in
      try await db.tokens.find(digest: digest, at: .now)
    }
    guard let grant else {
      throw CommandFault(
        "\(source) is not known, or holds no more.\(advice)", exitCode: CommandFault.no)
    }
    guard AccessGrant.namesSomebody(grant.label) else {
      throw CommandFault(
        "This token has no name, and nobody would know later who decided. Make another: "
          + "kvytok token create NAME --role \(grant.role.rawValue)", exitCode: CommandFault.no)
    }
    let isOfRole = grant.role == .admin || roles.contains(grant.role)
    if isOfRole, let operatorID = grant.operatorID {
      throw CommandFault(
        "\(grant.label) may not do this: the token sees one operator only, \(operatorID).\(advice)",
        exitCode: CommandFault.no)
    }
    guard isOfRole else {
      throw CommandFault(
        "\(grant.label) may not do this: it takes "
          + roles.union([.admin]).map(\.rawValue).sorted()
          .map { ("aeiou".contains($0.prefix(1)) ? "an " : "a ") + $0 }
          .joined(separator: " or ") + " of the city.\(advice)",
        exitCode: CommandFault.no)
    }
    return Person(label: grant.label, tokenDigest: digest)
  }

  /// The person by their token where one was given, of whatever role: it names who does what this machine's user
  /// may do without a token too.
  func personIfGiven(_ store: Store) async throws -> Person? {
    guard isGiven else { return nil }
    return try await person(
      store, roles: Set(AccessRole.allCases),
      advice: " Without \(file == nil ? Self.variable : "--as") this machine's user may do it.")
  }

  /// The token by where it came from.
  private var source: String {
    if let file { return "The token in \(file)" }
    return ofEnvironment == nil ? "The token" : "The token of \(Self.variable)"
  }

  /// Who acts, for the record: the person by their token where one was given, else whoever the command names, else
  /// this machine's user; a name given beside a token stands behind it.
  static func actor(_ person: Person?, named name: String?) -> String {
    guard let person else { return name ?? machineUser }
    return name.map { "\(person.label) (\($0))" } ?? person.label
  }

  /// This machine's user, as the record names whoever gave a command without a name.
  fileprivate static var machineUser: String {
    "command line, \(ProcessInfo.processInfo.userName)"
  }

  private func token() throws -> String {
    if let file {
      guard let data = FileManager.default.contents(atPath: file) else {
        throw OwnerWords.unreadable(file, exitCode: CommandFault.usage)
      }
      guard let text = String(data: data, encoding: .utf8) else {
        throw CommandFault(
          "\(file) holds no token: it is no text in UTF-8.", exitCode: CommandFault.usage)
      }
      return text
    }
    if let text = ofEnvironment { return text }
    // Without a terminal there is nobody to ask.
    guard isatty(STDIN_FILENO) == 1, let typed = getpass("Your token: ") else {
      throw CommandFault(
        "Say who gives the order: --as FILE with a token, or KVYTOK_TOKEN. `kvytok token create` "
          + "makes one.", exitCode: CommandFault.usage)
    }
    return String(cString: typed)
  }
}

/// Who does something, on the command line.
///
/// A user of this machine may be called as a machine of the house is, and scripts name whom they run as: it is told
/// apart as where nobody is named.
func actorArgument(_ text: String) throws -> String {
  let name = SecondPerson.trimmed(text)
  guard name != ProcessInfo.processInfo.userName || !AccessGrant.machines.contains(name) else {
    return PersonOptions.machineUser
  }
  return try labelArgument(text)
}

/// A name under which something is done, on the command line: of a token, or of whoever does it.
func labelArgument(_ text: String) throws -> String {
  guard let label = AccessGrant.label(text) else {
    let bytesMax = AccessGrant.labelBytesMax
    throw ValidationError(
      "A label names a person or a program: letters or digits, 1 to \(bytesMax) bytes (\(bytesMax / 2) letters of "
        + "Cyrillic), on one line, nothing that is not seen, and none of "
        + "\(AccessGrant.machines.joined(separator: ", ")).")
  }
  return label
}
