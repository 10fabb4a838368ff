import ArgumentParser
import Foundation
import Tapping

/// Certificates for trying TLS out.
struct CertificateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "certificate", abstract: "Makes certificates for trying TLS out.",
    subcommands: [Make.self])

  /// An authority, a server's certificate and a client's.
  struct Make: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes an authority of its own, and certificates of a server and of a client.",
      discussion: """
        Writes ca.pem, server.pem, server-key.pem, client.pem and client-key.pem. The authority's \
        key is thrown away: nothing more can be signed with it. For a city, get certificates from \
        a real authority.
          kvytok serve --tls-certificate DIR/server.pem --tls-key DIR/server-key.pem \
        --tls-client-ca DIR/ca.pem
        """)

    @Option(help: ArgumentHelp("Folder to write to.", valueName: "folder"))
    var out: String

    @Option(
      name: .customLong("name"),
      help: "Name or address of the server; may be given several times.")
    var names: [String] = ["localhost", "127.0.0.1", "::1"]

    @Option(help: "Name that the client's certificate carries.")
    var client = "validator"

    @Option(help: "Days that they are good for.")
    var days = 30

    func validate() throws {
      guard (1...CertificateMaker.validDaysMax).contains(days) else {
        throw ValidationError("--days is 1 to \(CertificateMaker.validDaysMax)")
      }
      guard !names.isEmpty, !names.contains(where: { $0.isEmpty || $0.contains(",") }) else {
        throw ValidationError("--name is a name or an address, one at a time")
      }
    }

    func run() async throws {
      let folder = URL(fileURLWithPath: out)
      try Self.refuseFiles(in: folder)
      let authority = try CertificateMaker.make(
        name: "Kvytok test authority", use: .authority, issuer: nil, validDays: days,
        serial: SecureRandom.bytes(16))
      let server = try CertificateMaker.make(
        name: names[0], use: .server(names), issuer: authority, validDays: days,
        serial: SecureRandom.bytes(16))
      let client = try CertificateMaker.make(
        name: self.client, use: .client, issuer: authority, validDays: days,
        serial: SecureRandom.bytes(16))
      do {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      } catch {
        throw CommandFault(
          "--out is a folder, and it cannot be made: \(OwnerWords.whyNotMade(folder.path))")
      }
      do {
        let texts = [authority.certificate, server.certificate, client.certificate]
        for (file, text) in zip(Self.certificates, texts) {
          try Data(text.utf8).write(to: folder.appendingPathComponent(file))
        }
      } catch {
        throw CommandFault("\(out) cannot be written: \(error.localizedDescription)")
      }
      for (file, key) in zip(Self.keys, [server.key, client.key]) {
        try DataFolder.write(key, to: folder.appendingPathComponent(file).path)
      }
      print("Wrote ca.pem, server.pem, server-key.pem, client.pem, client-key.pem to \(out)")
    }

    private static let certificates = ["ca.pem", "server.pem", "client.pem"]
    private static let keys = ["server-key.pem", "client-key.pem"]

    /// The authority's key is gone: what it signed for callers would be void once its certificate is another.
    private static func refuseFiles(in folder: URL) throws {
      let there = (certificates + keys).filter {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
      }
      guard let first = there.first else { return }
      throw CommandFault(
        "\(folder.appendingPathComponent(first).path) is there, and would be replaced: every certificate made "
          + "beside it would be void. Name another folder.", exitCode: CommandFault.no)
    }
  }
}
