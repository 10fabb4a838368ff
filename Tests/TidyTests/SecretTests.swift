import Foundation
import Testing

/// Secrets are compared in constant time: `==` stops at the first byte that differs, and the time
/// that it takes tells a caller how far a guess was right.
@Suite struct SecretTests {
  let tree = SourceTree()

  @Test func secretsAreComparedInConstantTimeOnly() throws {
    for path in tree.swiftFiles(in: SourceTree.code) {
      for finding in SecretComparisons(try tree.text(path)).findings {
        Issue.record("\(path):\(finding.line): \(finding.what); use constantTimeEquals")
      }
    }
  }

  @Test func theOneComparisonIsUsedWhereSecretsCome() throws {
    // The rule above would hold as well if nothing were compared at all.
    let users = try tree.swiftFiles(in: ["Sources"]).filter {
      try tree.text($0).contains("constantTimeEquals(")
    }
    for room in ["Tapping", "Intake", "Clearing"] {
      #expect(users.contains { $0.hasPrefix("Sources/\(room)/") }, "\(room) compares no secret")
    }
    let digests = try tree.text("Sources/Tapping/Digests.swift")
    #expect(digests.contains("CRYPTO_memcmp(left, right, left.count) == 0"))
  }

  @Test(arguments: [
    "guard mac == expected else { return }",
    "if headers.mac != code { throw fault }",
    "let isRight = kept.secretDigest == digest",
    "guard request.signature! == right else { return }",
    "return left.token[0...] == right[0...]",
    "guard token.elementsEqual(other) else { return }",
    "guard memcmp(secret, other, 32) == 0 else { return }",
    "if given.starts(with: sessionKey) { return }",
    "guard [mac].contains(given) else { return }",
    "guard macs.contains(given) else { return }",
    "guard HMACSHA256.code(key: key, message: body) == given else { return }",
    "guard given == keys.requestCode(session: a, count: b) else { return }",
    "let right = HMACSHA256.code(\n  key: key, message: body)\nguard given == right else { return }",
    "let right = secret.code(body)\nreturn right.elementsEqual(given)",
    "guard AccessTokenText.digest(of: text) == known else { return }",
    "guard given\n  == password else { return }",
    "switch mac { case expected: return true }",
  ])
  func aPlantedComparisonIsFound(_ planted: String) {
    let text = "struct Gate {\n  func check() {\n\(planted)\n  }\n}\n"
    #expect(!SecretComparisons(text).findings.isEmpty, "\(planted)")
  }

  @Test(arguments: [
    "guard constantTimeEquals(code, headers.mac) else { return }",
    "guard mac.count == 32, secret.isEmpty == false else { return }",
    "guard token == nil, nil != body.signature else { return }",
    "guard publicKey == known, status == 401 else { return }",
    "let code = refusal.code\nguard code == \"secret_wrong\" else { return }",
    "guard digest == bodyDigest else { return }",
    "guard done == 1, \"mac == mac\" != text else { return } // mac == mac",
    "guard tokens.contains(where: { $0.isGood }) else { return }",
  ])
  func whatTellsNothingIsLeftAlone(_ harmless: String) {
    let text = "struct Gate {\n  func check() {\n\(harmless)\n  }\n}\n"
    #expect(SecretComparisons(text).findings.isEmpty, "\(harmless)")
  }
}
