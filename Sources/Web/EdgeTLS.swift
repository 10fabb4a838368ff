import Glibc
package import NIOSSL

/// How the edge is reached over TLS.
package struct EdgeTLS: Sendable {
  /// PEM file of the service's certificate, those between it and its authority after it.
  package let certificateFile: String
  /// PEM file of its private key.
  package let keyFile: String
  /// PEM file of the authorities whose certificates callers must show; nil when they need none.
  package let clientAuthorityFile: String?

  /// Names the files.
  package init(certificateFile: String, keyFile: String, clientAuthorityFile: String?) {
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    self.clientAuthorityFile = clientAuthorityFile
  }

  /// Reads the files; throws what cannot be used, with the name of its file.
  package func context() throws -> NIOSSLContext {
    let chain = try read(certificateFile, "certificate") { try NIOSSLCertificate.fromPEMFile($0) }
    let key = try read(keyFile, "private key") { try NIOSSLPrivateKey(file: $0, format: .pem) }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    if let clientAuthorityFile {
      let authorities = try read(clientAuthorityFile, "certificate") {
        try NIOSSLCertificate.fromPEMFile($0)
      }
      configuration.trustRoots = .certificates(authorities)
      configuration.certificateVerification = .noHostnameVerification
    }
    return try NIOSSLContext(configuration: configuration)
  }

  private func read<Content>(
    _ file: String, _ kind: String, _ body: (String) throws -> Content
  ) throws -> Content {
    // What the library says is the same of a file that is not there and of one that holds something else.
    guard access(file, R_OK) == 0 else {
      throw EdgeTLSFault(file: file, reason: String(cString: strerror(errno)))
    }
    do {
      return try body(file)
    } catch {
      throw EdgeTLSFault(file: file, reason: "it holds no \(kind) in PEM (\(error))")
    }
  }
}

/// A file of the TLS configuration that cannot be used.
package struct EdgeTLSFault: Error, CustomStringConvertible {
  /// Its path.
  package let file: String
  let reason: String

  package var description: String { "\(file) cannot be used for TLS: \(reason)" }
}
