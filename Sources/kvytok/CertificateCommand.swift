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
      let authority = try CertificateMaker.make(
        name: "Kvytok test authority", use: .authority, issuer: nil, validDays: days,
        serial: SecureRandom.bytes(16))
      let server = try CertificateMaker.make(
        name: names[0], use: .server(names), issuer: authority, validDays: days,
        serial: SecureRandom.bytes(16))
      let client = try CertificateMaker.make(
        name: self.client, use: .client, issuer: authority, validDays: days,
        serial: SecureRandom.bytes(16))
      let folder = URL(fileURLWithPath: out)
      do {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      } catch {
        throw CommandFault(
          "--out is a folder, and it cannot be made: \(OwnerWords.whyNotMade(folder.path))")
      }
      do {
        for (file, text) in [
          ("ca.pem", authority.certificate), ("server.pem", server.certificate),
          ("client.pem", client.certificate),
        ] {
          try Data(text.utf8).write(to: folder.appendingPathComponent(file))
        }
      } catch {
        throw CommandFault("\(out) cannot be written: \(error.localizedDescription)")
      }
      try DataFolder.write(server.key, to: folder.appendingPathComponent("server-key.pem").path)
      try DataFolder.write(client.key, to: folder.appendingPathComponent("client-key.pem").path)
      print("Wrote ca.pem, server.pem, server-key.pem, client.pem, client-key.pem to \(out)")
    }
  }
}
