import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct SessionCommandTests {
  @Test func aTapOfASessionIsProvenByAFileOnceACheckpointCame() async throws {
    try await KvytokService.with { service in
      let device = SignedDevice(id: "V-8", secret: "a test")
      let enrolled = try await device.enrollment(vehicle: "101", with: service.client)
      let serviceKey = try #require(enrolled.servicePublicKey)
      let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
      var online = try await OnlineDevice(
        device,
        OnlineDevice.Opening(
          device: device.id, now: now, nonce: SecureRandom.bytes(SessionLimits.nonceByteCount),
          exchangeSeed: SecureRandom.bytes(ExchangeKeyPair.byteCount)),
        servicePublicKey: serviceKey, with: service.client)
      func body(_ seqs: [Int64]) -> [UInt8] {
        TapBatchWire.encode(
          TapBatch(
            device: device.id, epoch: 1, sentAt: now,
            taps: seqs.map {
              Tap(
                seq: $0, at: now.adding(seconds: $0 - 600), kind: .single, medium: .card,
                token: [7, 7])
            }), .protobuf)
      }
      for seq in Int64(1)...3 {
        let answer = try await online.postTaps(body: body([seq]), .protobuf, with: service.client)
        #expect(answer.answer.accepted == 1)
      }
      let again = try await online.repeatTaps(body: body([3]), .protobuf, with: service.client)
      #expect(again.answer.duplicates == 1)

      let file = service.data.appendingPathComponent("tap.json").path
      func export() async throws {
        let end = try await service.run(["evidence", "export", "V-8", "1", "2", "--out", file])
        #expect(end.exitCode == 0, "\(end.errors)")
      }
      let verify = [
        "evidence", "verify", file, "--service-key", Base64.encode(serviceKey, .standard),
        "--public-key", Base64.encode(device.publicKey, .standard),
      ]
      try await export()
      let early = try await Command.run(verify)
      #expect(early.exitCode == 1, "\(early.output)")
      #expect(early.output.contains("!!  checkpoint: no signed checkpoint has come yet"))
      #expect(early.output.split(separator: "\n").count { $0.hasPrefix("!!") } == 1)

      _ = try await online.postTaps(
        body: body([]), .protobuf, isCheckpoint: true, with: service.client)
      try await export()
      let proof = try await Command.run(verify)
      #expect(
        proof.exitCode == 0 && proof.output.contains("The evidence holds."), "\(proof.output)")
      // Whoever has the handshake could sign its proposal anew.
      let half = try await Command.run(Array(verify.prefix(5)))
      #expect(half.exitCode == 0 && half.output.contains("It holds by the key in the file"))
      let shown = try await service.run(["evidence", "show", "V-8", "1", "2"])
      #expect(shown.exitCode == 0 && shown.output.contains("request 2 of session"))
      let books = try await service.run(["ledger", "verify", "--from-taps"])
      #expect(books.exitCode == 0, "\(books.output) \(books.errors)")

      try Self.forgeCheckpoint(in: file)
      let refused = try await Command.run(verify)
      #expect(refused.exitCode == 1 && refused.output.contains("!!  checkpoint: the signature"))
    }
  }

  private static func forgeCheckpoint(in file: String) throws {
    let text = try String(contentsOfFile: file, encoding: .utf8)
    var evidence = try TapEvidence(json: Array(text.utf8.dropLast()))
    guard case .session(var session) = evidence.proof else {
      Issue.record("another kind of proof")
      return
    }
    session.checkpoint?.signature[5] ^= 1
    evidence.proof = .session(session)
    try Data(evidence.json).write(to: URL(fileURLWithPath: file))
  }
}
