import CLibCrypto

/// Makes an authority of our own and certificates that it signs, for trying TLS out.
///
/// EC keys on P-256, SHA-256, X.509 version 3. Whoever runs a city gets certificates from a real
/// authority.
struct CertificateMaker {
  /// How long what it makes is good.
  static let validDaysMax = 825

  /// A certificate and its private key, both as PEM.
  struct Made {
    let certificate: String
    let key: String
    fileprivate let x509: OpaquePointer
    fileprivate let privateKey: OpaquePointer
  }

  /// What a certificate is for.
  enum Use {
    case authority
    /// A service, reached under these names and addresses.
    case server([String])
    case client

    fileprivate var extensions: [(Int32, String)] {
      switch self {
      case .authority:
        [
          (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"),
          (NID_key_usage, "critical,keyCertSign,cRLSign"),
        ]
      case .server(let names):
        [
          (NID_basic_constraints, "critical,CA:FALSE"),
          (NID_key_usage, "critical,digitalSignature"), (NID_ext_key_usage, "serverAuth"),
          (NID_subject_alt_name, names.map(Self.alternative).joined(separator: ",")),
        ]
      case .client:
        [
          (NID_basic_constraints, "critical,CA:FALSE"),
          (NID_key_usage, "critical,digitalSignature"), (NID_ext_key_usage, "clientAuth"),
        ]
      }
    }

    private static func alternative(_ name: String) -> String {
      let isAddress = name.contains(":") || name.allSatisfy { $0.isNumber || $0 == "." }
      return (isAddress ? "IP:" : "DNS:") + name
    }
  }

  /// Makes a certificate; signed by itself without an issuer.
  ///
  /// `serial` is 16 unpredictable bytes.
  static func make(
    name: String, use: Use, issuer: Made?, validDays: Int, serial: [UInt8]
  ) throws(CommandFault) -> Made {
    let key = try newKey()
    guard let x509 = X509_new() else { throw failed("a certificate") }
    X509_set_version(x509, 2)
    var number = serial
    // A serial number is positive.
    number[0] = number[0] & 0x7F | 0x01
    let big = BN_bin2bn(number, Int32(number.count), nil)
    BN_to_ASN1_INTEGER(big, X509_get_serialNumber(x509))
    BN_free(big)
    // An hour back, for clocks that are behind.
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600)
    X509_gmtime_adj(X509_getm_notAfter(x509), validDays * 86_400)
    X509_set_pubkey(x509, key)
    X509_NAME_add_entry_by_txt(
      X509_get_subject_name(x509), "CN", MBSTRING_UTF8, Array(name.utf8), Int32(name.utf8.count),
      -1, 0)
    let signer = issuer?.x509 ?? x509
    X509_set_issuer_name(x509, X509_get_subject_name(signer))
    for (kind, text) in use.extensions { try add(kind, text, to: x509, signer: signer) }
    guard X509_sign(x509, issuer?.privateKey ?? key, EVP_sha256()) > 0 else {
      throw failed("the signature of \(name)")
    }
    let certificate = try pem { PEM_write_bio_X509($0, x509) }
    let secret = try pem { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    return Made(certificate: certificate, key: secret, x509: x509, privateKey: key)
  }

  private static func newKey() throws(CommandFault) -> OpaquePointer {
    let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil)
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1,
      EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1,
      EVP_PKEY_keygen(context, &key) == 1, let key
    else { throw failed("a key") }
    return key
  }

  private static func add(
    _ kind: Int32, _ text: String, to x509: OpaquePointer, signer: OpaquePointer
  ) throws(CommandFault) {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, signer, x509, nil, nil, 0)
    guard let part = X509V3_EXT_conf_nid(nil, &context, kind, text) else {
      throw failed("the extension \(text)")
    }
    X509_add_ext(x509, part, -1)
    X509_EXTENSION_free(part)
  }

  private static func pem(_ write: (OpaquePointer) -> Int32) throws(CommandFault) -> String {
    guard let out = BIO_new(BIO_s_mem()) else { throw failed("memory") }
    defer { BIO_free(out) }
    guard write(out) == 1 else { throw failed("a PEM file") }
    var bytes = [UInt8](repeating: 0, count: 16 << 10)
    let count = BIO_read(out, &bytes, Int32(bytes.count))
    guard count > 0 else { throw failed("a PEM file") }
    return String(decoding: bytes.prefix(Int(count)), as: UTF8.self)
  }

  private static func failed(_ what: String) -> CommandFault {
    CommandFault("libcrypto could not make \(what).")
  }
}
