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
    let chain = try read(certificateFile) { try NIOSSLCertificate.fromPEMFile($0) }
    let key = try read(keyFile) { try NIOSSLPrivateKey(file: $0, format: .pem) }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    if let clientAuthorityFile {
      let authorities = try read(clientAuthorityFile) { try NIOSSLCertificate.fromPEMFile($0) }
      configuration.trustRoots = .certificates(authorities)
      configuration.certificateVerification = .noHostnameVerification
    }
    return try NIOSSLContext(configuration: configuration)
  }

  private func read<Content>(_ file: String, _ body: (String) throws -> Content) throws -> Content {
    do {
      return try body(file)
    } catch {
      throw EdgeTLSFault(file: file, reason: "\(error)")
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
