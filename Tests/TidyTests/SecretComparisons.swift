import Foundation

/// Comparisons of secrets in a Swift text that stop at the first difference.
///
/// What is secret is told by its name (the last word of `request.headers.mac`), or by the call that
/// made it: a code under a key, or the digest of a token, whatever the function then calls it.
struct SecretComparisons {
  struct Finding: Equatable {
    let line: Int
    let what: String
  }

  /// Names that end in one of these hold what no caller may find out by guessing.
  private static let words: Set<String> = [
    "mac", "macs", "hmac", "secret", "secrets", "password", "passphrase", "signature",
    "signatures", "seed", "token", "csrf", "bearer",
  ]
  /// The same for names whose last word alone says less.
  private static let pairs: Set<String> = [
    "secretdigest", "tokendigest", "privatekey", "secretkey", "sessionkey", "tokenkey", "sealkey",
    "exchangeseed", "cookievalue",
  ]
  /// Calls that make secrets.
  private static let makers = [
    "HMACSHA256.code(", ".requestCode(", ".answerCode(", "AccessTokenText.digest(", "KeyedHMAC(",
    "ecret.code(", "ey.code(", "mac.code(", "SecureRandom.bytes(",
  ]

  let findings: [Finding]

  init(_ text: String) {
    let bare = BareSource(text)
    var findings: [Finding] = []
    let functions = bare.lines.contains(where: Self.compares) ? bare.functions : []
    for (index, line) in bare.lines.enumerated() where Self.compares(line) {
      // The innermost function that the line is in says what its names stand for.
      let around = functions.filter { $0.line <= index + 1 && index + 1 < $0.line + $0.length }
        .max { $0.line < $1.line }
      let lines = around.map { Array(bare.lines[($0.line - 1)..<($0.line - 1 + $0.length)]) } ?? []
      let made = Self.namesOfSecrets(in: lines.joined(separator: "\n"))
      // An operator may begin its line.
      let rest = line.drop { $0 == " " }
      let isBroken = index > 0 && (rest.hasPrefix("==") || rest.hasPrefix("!="))
      if let what = Self.comparison(in: isBroken ? bare.lines[index - 1] + line : line, made) {
        findings.append(Finding(line: index + 1, what: what))
      }
    }
    self.findings = findings
  }

  /// Whether a line may compare anything: a quick look, for few do.
  private static func compares(_ line: String) -> Bool {
    ["==", "!=", ".elementsEqual(", ".starts(", ".contains(", "memcmp(", "switch "]
      .contains { line.contains($0) }
  }

  /// Names that were given to what a maker of secrets returned.
  private static func namesOfSecrets(in text: String) -> Set<String> {
    var names: Set<String> = []
    for declaration in text.matches(of: /\b(?:let|var)\s+(\w+)\s*(?::[^=\n]+)?=\s*/) {
      let value = text[declaration.range.upperBound...].prefix { $0 != "\n" }
      if makers.contains(where: value.contains) { names.insert(String(declaration.output.1)) }
    }
    return names
  }

  /// What is compared in a line as it should not be; nil when nothing is.
  private static func comparison(in line: String, _ made: Set<String>) -> String? {
    for sign in line.matches(of: /(?:==|!=)(?!=)/) {
      let left = operand(before: line[..<sign.range.lowerBound])
      let right = operand(after: line[sign.range.upperBound...])
      let isOfNothing = [left, right].contains { ["nil", "\"\"", "true", "false"].contains($0) }
      if !isOfNothing, let name = [left, right].first(where: { isSecret($0, made) }) {
        return "\(name) is compared by \(sign.output)"
      }
    }
    for call in line.matches(of: /([\w.\[\]()?!]+)\.(elementsEqual|starts|contains)\(([^(){}]*)/) {
      let (object, name) = (String(call.output.1), String(call.output.2))
      let argument = call.output.3.split(separator: ":").last.map(String.init) ?? ""
      guard !argument.trimmingCharacters(in: .whitespaces).isEmpty else { continue }
      let operands = [object, argument.trimmingCharacters(in: .whitespaces)]
      if let secret = operands.first(where: { isSecret($0, made) }) {
        return "\(secret) is compared by \(name)"
      }
    }
    if let call = line.firstMatch(of: /\bmemcmp\(([^,]+),([^,]+),/) {
      let operands = [call.output.1, call.output.2].map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      if let secret = operands.first(where: { isSecret($0, made) }) {
        return "\(secret) is compared by memcmp"
      }
    }
    if let subject = line.firstMatch(of: /\bswitch\s+([\w.?!]+)/) {
      let name = String(subject.output.1)
      if isSecret(name, made) { return "\(name) is compared by switch" }
    }
    return nil
  }

  /// Whether an operand is a secret by its last name, or by the call that it is.
  private static func isSecret(_ operand: String, _ made: Set<String>) -> Bool {
    if makers.contains(where: operand.contains) { return true }
    // A list that is written out is what is in it.
    let operand =
      operand.hasPrefix("[") ? String(operand.dropFirst().prefix { $0 != "]" }) : operand
    let bare = operand.replacing(/\[[^\]]*\]|\([^()]*\)|[?!\[\]()\s]/, with: "")
    let name = String(bare.split(separator: ".").last ?? "")
    if made.contains(name), !bare.contains(".") { return true }
    let words = name.matches(of: /[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])/).map {
      $0.output.lowercased()
    }
    guard let last = words.last else { return false }
    return Self.words.contains(last) || pairs.contains(words.suffix(2).joined())
  }

  /// The operand that ends where a text does: names, calls and subscripts, no spaces outside brackets.
  private static func operand(before text: Substring) -> String {
    var depth = 0
    var characters: [Character] = []
    for character in text.reversed().drop(while: { $0 == " " }) {
      if ")]".contains(character) { depth += 1 }
      if "([".contains(character) {
        if depth == 0 { break }
        depth -= 1
      }
      if depth == 0, !isPart(character) { break }
      characters.append(character)
    }
    return String(characters.reversed())
  }

  /// The operand that begins where a text does.
  private static func operand(after text: Substring) -> String {
    var depth = 0
    var characters: [Character] = []
    for character in text.drop(while: { $0 == " " }) {
      if ")]".contains(character) {
        if depth == 0 { break }
        depth -= 1
      }
      if "([".contains(character) { depth += 1 }
      if depth == 0, !isPart(character), !")]".contains(character) { break }
      characters.append(character)
    }
    return String(characters)
  }

  private static func isPart(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "_.?!\"$([".contains(character)
  }
}
