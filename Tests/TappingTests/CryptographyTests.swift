import Basics
import Tapping
import Testing
import Transit

private func bytes(_ hex: String) -> [UInt8] {
  let digits = Array(hex.utf8)
  return stride(from: 0, to: digits.count, by: 2).map { index in
    (hexValue(digits[index]) ?? 0) << 4 | (hexValue(digits[index + 1]) ?? 0)
  }
}

@Suite struct CryptographyTests {
  /// Seed, public key, message, signature: RFC 8032, section 7.1.
  static let signatures = [
    (
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    ),
    (
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    ),
    (
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    ),
    (
      "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
      "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        + "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
    ),
  ]

  @Test(arguments: signatures) func ed25519AgreesWithRFC8032(
    _ seed: String, _ publicKey: String, _ message: String, _ signature: String
  ) throws {
    let pair = try #require(Ed25519KeyPair(seed: bytes(seed)))
    #expect(pair.publicKey == bytes(publicKey))
    #expect(pair.sign(bytes(message)) == bytes(signature))
    #expect(
      Ed25519.verify(
        publicKey: bytes(publicKey), signature: bytes(signature), message: bytes(message)))
  }

  @Test func aSignatureWithOneBitChangedIsRefused() throws {
    let pair = try #require(Ed25519KeyPair(seed: [UInt8](repeating: 3, count: 32)))
    let message = Array("one batch".utf8)
    let signature = pair.sign(message)
    for bit in 0..<512 {
      var wrong = signature
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(!Ed25519.verify(publicKey: pair.publicKey, signature: wrong, message: message))
    }
    #expect(!Ed25519.verify(publicKey: pair.publicKey, signature: signature, message: [1]))
    #expect(!Ed25519.verify(publicKey: [1], signature: signature, message: message))
    #expect(!Ed25519.verify(publicKey: pair.publicKey, signature: [], message: message))
    #expect(Ed25519KeyPair(seed: [1, 2, 3]) == nil)
  }

  @Test func aKeyForWhichAnybodyCanSignIsRefused() {
    // The neutral point as key and as R, and S = 0, would be a signature over every message.
    let neutral = [1] + [UInt8](repeating: 0, count: 31)
    let signature = neutral + [UInt8](repeating: 0, count: 32)
    #expect(!Ed25519.verify(publicKey: neutral, signature: signature, message: [1, 2, 3]))
  }

  @Test func aSignatureIsWrittenInOneWayOnly() throws {
    let pair = try #require(Ed25519KeyPair(seed: [UInt8](repeating: 3, count: 32)))
    var signature = pair.sign([1])
    // S and S + L are the same number of the group; L: RFC 8032, section 5.1, lowest byte first.
    let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
    var carry = 0
    for index in 0..<32 {
      let sum = Int(signature[32 + index]) + Int(order[index]) + carry
      signature[32 + index] = UInt8(sum & 0xFF)
      carry = sum >> 8
    }
    #expect(carry == 0)
    #expect(!Ed25519.verify(publicKey: pair.publicKey, signature: signature, message: [1]))
  }

  /// Key, message, code: RFC 4231, section 4.
  static let codes: [([UInt8], [UInt8], String)] = [
    (
      [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      [UInt8](1...25), [UInt8](repeating: 0xCD, count: 50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131),
      Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    ([], [], "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
  ]

  @Test(arguments: codes) func hmacAgreesWithRFC4231(
    _ key: [UInt8], _ message: [UInt8], _ code: String
  ) {
    #expect(hexText(HMACSHA256.code(key: key, message: message)) == code)
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  ]) func sha256AgreesWithFIPS180(_ text: String, _ digest: String) {
    #expect(hexText(SHA256Digest.hash(Array(text.utf8))) == digest)
  }

  @Test func aMediumIsNamedByKeyKindAndToken() throws {
    let key = try #require(TokenKey([UInt8](repeating: 1, count: 32)))
    let other = try #require(TokenKey([UInt8](repeating: 2, count: 32)))
    let names = [
      key.mediumID(kind: .card, token: [1, 2]), key.mediumID(kind: .bank, token: [1, 2]),
      key.mediumID(kind: .card, token: [1, 3]), other.mediumID(kind: .card, token: [1, 2]),
    ]
    #expect(Set(names).count == 4)
    #expect(key.mediumID(kind: .card, token: [1, 2]) == names[0])
    let code = HMACSHA256.code(
      key: [UInt8](repeating: 1, count: 32), message: Array("card".utf8) + [0, 1, 2])
    #expect(names[0].bytes == Array(code.prefix(16)))
    #expect(TokenKey([1]) == nil)
  }

  @Test func constantTimeComparisonIsComparison() {
    #expect(constantTimeEquals([], []))
    #expect(constantTimeEquals([1, 2], [1, 2]))
    #expect(!constantTimeEquals([1, 2], [1, 3]))
    #expect(!constantTimeEquals([1, 2], [1, 2, 3]))
  }

  @Test func randomBytesDiffer() {
    #expect(SecureRandom.bytes(32).count == 32)
    #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
  }

  /// RFC 4648, section 10, and the two letters that differ between the alphabets.
  @Test(arguments: [
    ("", "", ""), ("66", "Zg==", "Zg"), ("666f", "Zm8=", "Zm8"), ("666f6f", "Zm9v", "Zm9v"),
    ("666f6f626172", "Zm9vYmFy", "Zm9vYmFy"), ("fbff", "+/8=", "-_8"),
  ]) func base64AgreesWithRFC4648(_ hex: String, _ standard: String, _ url: String) {
    #expect(Base64.encode(bytes(hex), .standard) == standard)
    #expect(Base64.encode(bytes(hex), .url) == url)
    #expect(Base64.decode(standard, .standard) == bytes(hex))
    #expect(Base64.decode(url, .url) == bytes(hex))
  }

  @Test(arguments: ["A", "Zg=", "Zh==", "Zg===", "Z", "Zm9v=", "Zm 9v", "Zm9v\n", "Ж"])
  func otherTextsAreNoBase64(_ text: String) {
    #expect(Base64.decode(text, .standard) == nil)
  }
}

@Suite struct CardNumberTests {
  @Test(arguments: [
    ("4111111111111111", true), ("4111111111111112", false), ("5555555555554444", true),
    ("378282246310005", true), ("6011111111111117", true), ("4222222222222", true),
    ("6304000000000000", true), ("411111111111", false), ("4111 1111 1111 1111", true),
    ("4111-1111-1111-1111", true), ("4111111111111111x", false), ("", false), ("3072914", false),
    ("0000000000000", true), ("000000000000", false), ("00000000000000000000", false),
    ("6250941006528599", true), ("6205500000000000004", true),
  ]) func cardNumbersAreRecognised(_ text: String, _ isOne: Bool) {
    #expect(CardNumber.isOne(text: text) == isOne)
  }

  /// Every number of 13 to 19 digits has exactly one right check digit (ISO/IEC 7812-1).
  @Test(arguments: 13...19) func exactlyOneCheckDigitIsRight(_ length: Int) {
    var chance = SeededGenerator(seed: UInt64(length))
    for _ in 0..<50 {
      let front = (1..<length).map { _ in String(chance.integer(in: 0...9)) }.joined()
      #expect((0...9).filter { CardNumber.isOne(text: front + String($0)) }.count == 1)
    }
  }

  @Test(arguments: [
    ("4111111111111111", true), ("5555555555554444", true), ("378282246310005", true),
    ("0000000000000", false), ("1000000000008", false), ("490154203237518", false),
  ]) func aNameIsOnlyRefusedWhenCardsLookLikeThat(_ text: String, _ isOne: Bool) {
    #expect(CardNumber.looksIssued(Array(text.utf8)) == isOne)
  }
}
