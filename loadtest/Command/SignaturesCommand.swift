import ArgumentParser
import Basics
import CLibCrypto
import CLibSodium
import Foundation
import ServiceClient
import Tapping

/// Measures what it costs to prove who sent a batch, by two libraries.
struct SignaturesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signatures",
    abstract: "Verifies signatures and codes by OpenSSL and by libsodium, and measures both.",
    discussion: """
      Needs no service. Microseconds of processor time of one core for one verification, of which \
      other work on the machine takes nothing away; the least of several rounds, in which both \
      libraries take turns. The key is prepared anew for each signature, as it comes with the device.
      """)

  @Option(help: "Bytes of the message that is proven.")
  var bytes = 4096

  @Option(help: "Rounds; the least of each counts.")
  var rounds = 7

  @Option(help: "Verifications of a round.")
  var count = 1000

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  func validate() throws {
    guard (1...1_048_576).contains(bytes), rounds > 0, count > 0 else {
      throw ValidationError("--bytes is 1 to 1048576, --rounds and --count are above zero")
    }
  }

  func run() async throws {
    let message = [UInt8](unsafeUninitializedCapacity: bytes) { out, written in
      for index in 0..<bytes { out[index] = UInt8(truncatingIfNeeded: index &* 31) }
      written = bytes
    }
    let measured = [
      ("ed25519_openssl", try Self.ed25519OpenSSL(message)),
      ("ed25519_libsodium", try Self.ed25519Sodium(message)),
      ("p256_openssl", try OpenSSLP256(message).verify),
      ("hmac_sha256_openssl", Self.hmacOpenSSL(message)),
      ("hmac_sha256_libsodium", Self.hmacSodium(message)),
    ]
    var least = [Double](repeating: .infinity, count: measured.count)
    for _ in 0..<rounds {
      for (index, (name, verify)) in measured.enumerated() {
        let start = ProcessorTime.secondsOfThread
        for _ in 0..<count where !verify() { throw ProgramFault("\(name) does not verify") }
        let seconds = ProcessorTime.secondsOfThread - start
        least[index] = min(least[index], seconds / Double(count) * 1e6)
      }
    }
    let rows = zip(measured.map(\.0), least).map { (key: $0, microseconds: $1) }
    guard json else {
      for (key, microseconds) in rows {
        print(
          key.padding(toLength: 28, withPad: " ", startingAt: 0)
            + String(format: "%8.2f µs", microseconds))
      }
      return
    }
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("bytes", bytes)
    for (key, microseconds) in rows { writer.member("\(key)_us", microseconds) }
    writer.endObject()
    print(String(decoding: writer.bytes, as: UTF8.self))
  }

  typealias Verify = () -> Bool

  static func ed25519OpenSSL(_ message: [UInt8]) throws -> Verify {
    guard let pair = Ed25519KeyPair(seed: [UInt8](repeating: 9, count: 32)) else {
      throw ProgramFault("no key pair")
    }
    let (raw, signature) = (pair.publicKey, pair.sign(message))
    return {
      let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, raw, raw.count)
      defer { EVP_PKEY_free(key) }
      let context = EVP_MD_CTX_new()
      defer { EVP_MD_CTX_free(context) }
      return EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
        && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
  }

  /// By the service's own function.
  private static func ed25519Sodium(_ message: [UInt8]) throws -> Verify {
    guard let pair = Ed25519KeyPair(seed: [UInt8](repeating: 9, count: 32)) else {
      throw ProgramFault("no key pair")
    }
    let signature = pair.sign(message)
    return { Ed25519.verify(publicKey: pair.publicKey, signature: signature, message: message) }
  }

  /// As sessions do it: the key's own blocks are hashed once.
  private static func hmacOpenSSL(_ message: [UInt8]) -> Verify {
    let key = KeyedHMAC(key: [UInt8](repeating: 9, count: 32))
    let code = key.code(message)
    return { constantTimeEquals(key.code(message), code) }
  }

  private static func hmacSodium(_ message: [UInt8]) -> Verify {
    let key = [UInt8](repeating: 9, count: 32)
    var code = [UInt8](repeating: 0, count: 32)
    crypto_auth_hmacsha256(&code, message, UInt64(message.count), key)
    return { crypto_auth_hmacsha256_verify(code, message, UInt64(message.count), key) == 0 }
  }
}

/// A signature of P-256 by OpenSSL; the service has none, so it stands here.
private final class OpenSSLP256 {
  /// EVP_PKEY_PUBLIC_KEY, a macro that Swift does not see: all parameters and the public key.
  private static let publicKeySelection = Int32(0x02 | 0x04 | 0x80)

  private let publicKey: [UInt8]
  private let signature: [UInt8]
  private let message: [UInt8]

  init(_ message: [UInt8]) throws {
    self.message = message
    let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1,
      EVP_PKEY_CTX_set_group_name(context, "P-256") == 1, EVP_PKEY_generate(context, &key) == 1
    else { throw ProgramFault("OpenSSL makes no key of P-256") }
    defer { EVP_PKEY_free(key) }
    var point = [UInt8](repeating: 0, count: 133)
    var pointCount = 0
    let digest = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(digest) }
    var signature = [UInt8](repeating: 0, count: 80)
    var signatureCount = signature.count
    guard
      EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", &point, point.count, &pointCount)
        == 1,
      EVP_DigestSignInit_ex(digest, nil, "SHA256", nil, nil, key, nil) == 1,
      EVP_DigestSign(digest, &signature, &signatureCount, message, message.count) == 1
    else { throw ProgramFault("OpenSSL does not sign by P-256") }
    publicKey = Array(point.prefix(pointCount))
    self.signature = Array(signature.prefix(signatureCount))
  }

  /// Verifies with the key made from its point, as it would come from a table of devices.
  func verify() -> Bool {
    var bytes = publicKey
    var group = Array("P-256".utf8CString)
    return bytes.withUnsafeMutableBytes { point in
      group.withUnsafeMutableBufferPointer { name in
        var parameters = [
          OSSL_PARAM_construct_utf8_string("group", name.baseAddress, 0),
          OSSL_PARAM_construct_octet_string("pub", point.baseAddress, point.count),
          OSSL_PARAM_construct_end(),
        ]
        let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_fromdata_init(context) == 1,
          EVP_PKEY_fromdata(context, &key, Self.publicKeySelection, &parameters) == 1
        else { return false }
        defer { EVP_PKEY_free(key) }
        let digest = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(digest) }
        return EVP_DigestVerifyInit_ex(digest, nil, "SHA256", nil, nil, key, nil) == 1
          && EVP_DigestVerify(digest, signature, signature.count, message, message.count) == 1
      }
    }
  }
}
