import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Programs
import ServiceClient
import Testing

/// The service over TLS, with certificates that its own command made, and a real client.
@Suite(.serialized, .serverTurn) struct TLSTests {
  /// Asks for the health of a service with a certificate of its own, or without one.
  private func status(
    _ url: String, authority: URL, certificate: URL? = nil, key: URL? = nil,
    versions: [TLSVersion] = []
  ) async throws -> UInt {
    try await answer(
      to: HTTPClientRequest(url: url + "/healthz"), authority: authority, certificate: certificate,
      key: key, versions: versions
    ).status.code
  }

  private func answer(
    to request: HTTPClientRequest, authority: URL, certificate: URL? = nil, key: URL? = nil,
    versions: [TLSVersion] = []
  ) async throws -> HTTPClientResponse {
    var configuration = TLSConfiguration.makeClientConfiguration()
    if let oldest = versions.first, let newest = versions.last {
      configuration.minimumTLSVersion = oldest
      configuration.maximumTLSVersion = newest
    }
    configuration.trustRoots = .certificates(
      try NIOSSLCertificate.fromPEMFile(authority.path))
    if let certificate, let key {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate.path)
        .map { .certificate($0) }
      configuration.privateKey = .privateKey(
        try NIOSSLPrivateKey(file: key.path, format: .pem))
    }
    let client = HTTPClient(
      eventLoopGroupProvider: .singleton,
      configuration: HTTPClient.Configuration(
        tlsConfiguration: configuration, redirectConfiguration: .disallow))
    do {
      let answer = try await client.execute(request, timeout: .seconds(120))
      try await client.shutdown()
      return answer
    } catch {
      try await client.shutdown()
      throw error
    }
  }

  /// What a service answers whom it lets in: it gives ten seconds for a handshake, which a busy machine may need,
  /// and is asked again then.
  private func patiently<Answer: Sendable>(_ ask: () async throws -> Answer) async throws -> Answer
  {
    for _ in 0..<20 {
      if let answer = try? await ask() { return answer }
    }
    return try await ask()
  }

  @Test func onlyWhoShowsACertificateOfTheAuthorityIsLetIn() async throws {
    let folder = try TemporaryFolder.make("certificates")
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in ["ours", "theirs"] {
      let made = try await Command.run(
        ["certificate", "make", "--out", folder.appendingPathComponent(name).path])
      #expect(made.exitCode == 0, "\(made.errors)")
    }
    let ours = folder.appendingPathComponent("ours")
    let theirs = folder.appendingPathComponent("theirs")
    let file = { (place: URL, name: String) in place.appendingPathComponent(name) }
    let data = try await KvytokService.preparedData()
    defer { try? FileManager.default.removeItem(at: data) }
    let service = try await KvytokService(
      data: data,
      arguments: [
        "--tls-certificate", file(ours, "server.pem").path,
        "--tls-key", file(ours, "server-key.pem").path,
        "--tls-client-ca", file(ours, "ca.pem").path,
      ])
    #expect(service.url.hasPrefix("https://"))
    let good = try await patiently {
      try await status(
        service.url, authority: file(ours, "ca.pem"), certificate: file(ours, "client.pem"),
        key: file(ours, "client-key.pem"))
    }
    #expect(good == 200)
    // Without a certificate, and with one of another authority, nothing is answered.
    await #expect(throws: (any Error).self) {
      try await status(service.url, authority: file(ours, "ca.pem"))
    }
    await #expect(throws: (any Error).self) {
      try await status(
        service.url, authority: file(ours, "ca.pem"), certificate: file(theirs, "client.pem"),
        key: file(theirs, "client-key.pem"))
    }
    // And the client does not take a service of another authority for ours.
    await #expect(throws: (any Error).self) {
      try await status(
        service.url, authority: file(theirs, "ca.pem"), certificate: file(ours, "client.pem"),
        key: file(ours, "client-key.pem"))
    }
    // Whoever signs in over it gets a cookie that is never sent without it.
    let token = try String(contentsOf: file(data, "admin-token"), encoding: .utf8)
    var login = HTTPClientRequest(url: service.url + "/login")
    login.method = .POST
    login.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
    login.body = .bytes(
      ByteBuffer(string: "token=" + token.trimmingCharacters(in: .whitespacesAndNewlines)))
    let signedIn = try await patiently {
      try await answer(
        to: login, authority: file(ours, "ca.pem"), certificate: file(ours, "client.pem"),
        key: file(ours, "client-key.pem"))
    }
    let cookie = try #require(signedIn.headers.first(name: "set-cookie"))
    #expect(cookie.hasPrefix("kvytok_token=kvytok_") && cookie.contains("; Secure"), "\(cookie)")
    let end = try await service.stop()
    #expect(end.exitCode == 0)
  }

  /// The plain form, by the environment: whoever knows the authority is let in without a certificate.
  @Test func withoutAnAuthorityOfClientsAnybodyComesInOverTLS() async throws {
    let folder = try TemporaryFolder.make("certificates")
    defer { try? FileManager.default.removeItem(at: folder) }
    let made = try await Command.run(["certificate", "make", "--out", folder.path])
    #expect(made.exitCode == 0, "\(made.errors)")
    let file = { (name: String) in folder.appendingPathComponent(name) }
    let data = try await KvytokService.preparedData()
    defer { try? FileManager.default.removeItem(at: data) }
    let service = try await KvytokService(
      data: data, arguments: ["--log-level", "trace"],
      environment: [
        "KVYTOK_TLS_CERTIFICATE": file("server.pem").path,
        "KVYTOK_TLS_KEY": file("server-key.pem").path,
      ])
    #expect(service.url.hasPrefix("https://"))
    for versions in [[], [.tlsv12], [.tlsv13]] as [[TLSVersion]] {
      let good = try await patiently {
        try await status(service.url, authority: file("ca.pem"), versions: versions)
      }
      #expect(good == 200)
    }
    // What is older is refused.
    await #expect(throws: (any Error).self) {
      try await status(service.url, authority: file("ca.pem"), versions: [.tlsv1, .tlsv11])
    }
    // One that never says a word, and one that stops amid its hello, are put out; others are let in meanwhile.
    let port = try #require(URL(string: service.url)?.port)
    let began = ContinuousClock.now
    var silent: [RunningProgram] = []
    for bytes in ["", #"\x16\x03\x01\x02\x00\x01"#] {
      silent.append(try await Self.connect(port, sending: bytes))
    }
    let meanwhile = try await patiently {
      try await status(service.url, authority: file("ca.pem"))
    }
    #expect(meanwhile == 200)
    for program in silent { #expect(await program.end(withinSeconds: 300).exitCode == 0) }
    let took = ContinuousClock.now - began
    #expect(took > .seconds(5), "\(took)")
    let end = try await service.stop()
    #expect(end.exitCode == 0)
    // The certificate's key is no more in what it tells than other secrets are.
    let key = try String(contentsOf: file("server-key.pem"), encoding: .utf8)
    for line in key.split(separator: "\n") where !line.hasPrefix("-----") {
      #expect(!end.errors.contains(line) && !end.output.contains(line))
    }
  }

  /// A connection that sends some bytes and then nothing; it ends when the service ends it.
  private static func connect(_ port: Int, sending bytes: String) async throws -> RunningProgram {
    try await RunningProgram.start(
      URL(fileURLWithPath: "/bin/bash"),
      [
        "-c",
        "exec 3<>/dev/tcp/127.0.0.1/\(port); printf '\(bytes)' >&3; cat <&3 >/dev/null; exit 0",
      ])
  }

  @Test func aServiceWithHalfATLSConfigurationDoesNotStart() async throws {
    let data = try TemporaryFolder.make("data")
    defer { try? FileManager.default.removeItem(at: data) }
    for arguments in [["--tls-key", "x"], ["--tls-certificate", "x"], ["--tls-client-ca", "x"]] {
      let end = try await Command.run(["serve", "--data", data.path] + arguments)
      #expect(end.exitCode == 2)
      #expect(end.errors.contains("--tls-certificate"))
    }
  }
}
