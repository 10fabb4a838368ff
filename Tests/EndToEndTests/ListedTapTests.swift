import Basics
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

/// What commands say of the deny list by which a validator let somebody in.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct ListedTapTests {
  /// The first card is denied in version 1, by which the validator then lets both in.
  @Test func aTapIsToldWithWhetherItsMediumWasListed() async throws {
    try await KvytokService.with { service in
      let device = SignedDevice(id: "V-9", secret: "a test")
      #expect(try await device.enroll(vehicle: "101", with: service.client))
      let noon = try #require(Instant(iso8601: "2026-11-20T12:00:00+02:00"))
      let cards = ["a lost card", "a kept card"].map { Array($0.utf8) }
      func post(seqs first: Int64, hour: Int64, list version: Int64?) async throws {
        let taps = cards.enumerated().map { index, token in
          Tap(
            seq: first + Int64(index), at: noon.adding(seconds: hour * 3600), kind: .single,
            medium: .card, token: token, riders: 1, result: .accepted)
        }
        let body = TapBatchJSON.encode(
          TapBatch(
            device: "V-9", epoch: 1, sentAt: noon.adding(seconds: hour * 3600 + 60),
            tariffVersion: nil, denyListVersion: version, taps: taps))
        _ = try await device.postTaps(body: body, with: service.client)
      }
      try await post(seqs: 1, hour: 0, list: nil)
      let denied = try await eventually { () -> RunningProgram.End? in
        let end = try await service.run([
          "deny-list", "add", Base64.encode(cards[0], .url), "--cause", "lost", "--by", "olha",
        ])
        return end.exitCode == 0 ? end : nil
      }
      #expect(denied?.output == "denied in version 1, for lost\n")
      try await post(seqs: 3, hour: 2, list: 1)
      for (index, words) in [
        ["listed", "носій у ньому"], ["not listed", "носія в ньому немає"],
      ].enumerated() {
        let seq = 3 + index
        let rider = [
          "rider", "show", Base64.encode(cards[index], .url), "--date", "2026-11-20",
        ]
        let told = "tap V-9/1/\(seq), deny list 1 (\(words[0]))\n"
        let shown = try await eventually { () -> RunningProgram.End? in
          let shown = try await service.run(rider)
          return shown.output.contains(told) ? shown : nil
        }
        // Without a version nothing is said of the medium.
        let unnamed = "tap V-9/1/\(index + 1), deny list not named\n"
        #expect(shown?.output.contains(unnamed) == true, "\(told)")
        let ukrainian = try await service.run(rider + ["--lang", "uk"])
        #expect(
          ukrainian.output.contains("валідація V-9/1/\(seq), стоп-лист 1 (\(words[1]))\n"),
          "\(ukrainian.output)")
        let evidence = try await service.run(["evidence", "show", "V-9", "1", String(seq)])
        #expect(
          evidence.output.contains("\ndeny list 1 (\(words[0]))\n"),
          "\(evidence.output)\(evidence.errors)")
      }
      let unnamed = try await service.run(["evidence", "show", "V-9", "1", "1"])
      #expect(unnamed.output.contains("\ndeny list not named\n"), "\(unnamed.output)")
    }
  }
}
