import CLibCrypto

/// The SHA-256 (FIPS 180-4) by which a file is known again, by libcrypto.
package enum FileDigest {
  /// The 32 bytes of the digest.
  package static func of(_ bytes: some Collection<UInt8>) -> [UInt8] {
    let copy = Array(bytes)
    return [UInt8](unsafeUninitializedCapacity: 32) { out, count in
      let done = EVP_Digest(copy, copy.count, out.baseAddress, nil, EVP_sha256(), nil)
      precondition(done == 1, "libcrypto has no SHA-256")
      count = 32
    }
  }
}
