import ArgumentParser
import Basics
import Foundation
import Insight
import Store
import Tapping

/// Evidence: the batch that a tap came in, and what proves it.
struct EvidenceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evidence", abstract: "Shows, exports and verifies what proves a tap.",
    subcommands: [Show.self, Export.self, Verify.self])

  /// Finds the evidence of a tap.
  private static func find(
    _ tap: QuarantineCommand.TapOptions, _ content: ContentOptions, _ database: DatabaseOptions
  ) async throws -> TapEvidence {
    let evidence = try await DeviceCommand.insight(database) { desk, _ in
      try await desk.evidence(of: tap.name, conflict: content.conflict, at: .now)
    }
    guard let evidence else {
      let other = content.conflict.map { " with the other content of conflict \($0)" } ?? ""
      throw CommandFault(
        "No batch of device \(tap.device) brought tap \(tap.seq) of epoch \(tap.epoch)\(other).",
        exitCode: CommandFault.no)
    }
    return evidence
  }

  /// Which content of a number is meant.
  struct ContentOptions: ParsableArguments {
    @Option(
      help: """
        The content that came second under the number: the conflict as `kvytok device conflicts` calls it. \
        (default: the content that is kept)
        """)
    var conflict: Int64?
  }

  /// What was checked, one line each, and what follows from it when all of it holds.
  private static func tell(_ checks: [EvidenceCheck], holding: String) throws {
    for check in checks { print("\(check.isGood ? "ok" : "!!")  \(check.name): \(check.found)") }
    guard checks.allSatisfy(\.isGood) else { throw ExitCode(CommandFault.no) }
    print(holding)
  }

  /// What is said where the device's key is known to be its own.
  private static let holds = "The evidence holds."

  /// By which people compare the keys of evidence.
  private static func printKeys(of proof: EvidenceProof) {
    print("key \(proof.key.fingerprint)")
    if case .session(let session) = proof, let key = session.servicePublicKey {
      print("service key \(hexText(SHA256Digest.hash(key)))")
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Shows the batch of a tap and its proof, and verifies it.")

    @OptionGroup var tap: QuarantineCommand.TapOptions
    @OptionGroup var content: ContentOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let evidence = try await EvidenceCommand.find(tap, content, database)
      let wasListed = try await wasListed()
      print("batch \(evidence.batchID) of \(evidence.device), epoch \(evidence.epoch)")
      print("received \(evidence.receivedAt), \(evidence.body.count) bytes")
      if let batch = evidence.batch, let clock = evidence.clock {
        print("sent \(batch.sentAt), \(batch.taps.count) taps")
        print(
          "deny list \(batch.denyListVersion.map(String.init) ?? "not named")"
            + (wasListed.map { $0 ? " (listed)" : " (not listed)" } ?? ""))
        print(
          "clock \(clock.microseconds / 1000) ms behind or on the way, "
            + "corrected by \(clock.correctionSeconds) s")
      }
      EvidenceCommand.printKeys(of: evidence.proof)
      if case .session(let proof) = evidence.proof {
        print(
          "request \(proof.count) of session \(proof.handshake.session?.description ?? "?")")
      }
      try EvidenceCommand.tell(evidence.checks(), holding: EvidenceCommand.holds)
    }

    /// Whether the medium was on the deny list that the batch names; nil where it is not known, as of a content that
    /// is not kept.
    private func wasListed() async throws -> Bool? {
      guard content.conflict == nil else { return nil }
      let page = try await DeviceCommand.insight(database) { desk, _ in
        try await desk.tapAudit(
          device: tap.device, epoch: tap.epoch, after: tap.seq - 1, limit: 1)
      }
      return page.taps.first { $0.seq == tap.seq }?.wasListed
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export",
      abstract: "Writes a file that proves a tap without a database.",
      discussion: "The file holds the tokens of the batch, as the device signed them.")

    @OptionGroup var tap: QuarantineCommand.TapOptions
    @OptionGroup var content: ContentOptions
    @Option(
      help: ArgumentHelp(
        "The file, which its owner alone may read. (default: standard output)", valueName: "file"))
    var out: String?
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let evidence = try await EvidenceCommand.find(tap, content, database)
      let text = String(decoding: evidence.json, as: UTF8.self) + "\n"
      guard let out else {
        print(text, terminator: "")
        return
      }
      try DataFolder.write(text, to: out)
      Progress.say("Written to \(out)")
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Verifies an exported file, without a database.",
      discussion: """
        Exit 0 when the evidence holds, 1 when it does not. A tap that came in a session is proven by \
        the device's next signed checkpoint; until one has come, its evidence does not hold. Anybody \
        can make a file whose signatures are by the key in it: give the keys that `kvytok device show` \
        tells, or compare their SHA-256.
        """)

    @Argument(help: "The file.")
    var file: String
    @Option(help: "The device's public key as you know it from elsewhere, base64.")
    var publicKey: String?
    @Option(help: "The service's public key as you know it from elsewhere, base64.")
    var serviceKey: String?

    func validate() throws {
      for (name, key) in [("public-key", publicKey), ("service-key", serviceKey)] {
        if let key, Base64.decode(key, .standard)?.count != Ed25519.keyByteCount {
          throw ValidationError("--\(name) is the base64 of 32 bytes.")
        }
      }
    }

    func run() async throws {
      guard let data = FileManager.default.contents(atPath: file) else {
        throw OwnerWords.unreadable(file)
      }
      let evidence: TapEvidence
      do {
        var bytes = Array(data)
        while let last = bytes.last, [0x0A, 0x0D, 0x20].contains(last) { bytes.removeLast() }
        evidence = try TapEvidence(json: bytes)
      } catch {
        throw CommandFault(
          "\(file) is no evidence file: \(error.pointer): \(error.message)",
          exitCode: CommandFault.no)
      }
      EvidenceCommand.printKeys(of: evidence.proof)
      // The service's key alone says nothing of the device's: whoever has the handshake could sign it anew.
      try EvidenceCommand.tell(
        evidence.checks(
          trusting: publicKey.flatMap { Base64.decode($0, .standard) },
          service: serviceKey.flatMap { Base64.decode($0, .standard) }),
        holding: publicKey == nil
          ? "It holds by the key in the file; compare it with "
            + "`kvytok device show \(evidence.device)`, or name it with --public-key."
          : EvidenceCommand.holds)
    }
  }
}
