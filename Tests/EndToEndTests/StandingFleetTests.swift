import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

/// `validator-sim stand`: validators of a played day go on as those in the field do.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct StandingFleetTests {
  private static func stand(_ service: KvytokService) async throws -> RunningProgram.End {
    try await RunningProgram.run(
      Command.path.deletingLastPathComponent().appendingPathComponent("validator-sim"),
      [
        "stand", "--url", service.url, "--admin-token-file",
        service.data.appendingPathComponent("admin-token").path, "--rounds", "1",
      ],
      withinSeconds: 120)
  }

  private static func deny(_ token: [UInt8], _ service: KvytokService) async throws {
    let denied = try await eventually { () -> Bool? in
      let end = try await service.run([
        "deny-list", "add", Base64.encode(token, .url), "--cause", "lost", "--by", "olha",
      ])
      return end.exitCode == 0 ? true : nil
    }
    #expect(denied == true)
  }

  @Test func validatorsTakeTheDenyListInAndTellHowTheyAre() async throws {
    try await KvytokService.with { service in
      #expect(try await Self.stand(service).exitCode == 3, "there is no validator")
      let devices = ["V-1", "V-2"].map { SignedDevice(id: $0, secret: service.adminToken) }
      for device in devices {
        #expect(try await device.enroll(vehicle: "1001", with: service.client))
      }
      let now = Instant(seconds: Int64(Date(timeIntervalSinceNow: 0).timeIntervalSince1970))
      let tokens = (1...3).map { Array("lost card \($0)".utf8) }
      let taps = tokens.enumerated().map { index, token in
        Tap(
          seq: Int64(index) + 1, at: now.adding(seconds: -60), kind: .single, medium: .card,
          token: token)
      }
      let body = TapBatchJSON.encode(TapBatch(device: "V-1", epoch: 1, sentAt: now, taps: taps))
      _ = try await devices[0].postTaps(body: body, with: service.client)

      // The whole list, then what became of it.
      for (index, token) in tokens.enumerated() {
        try await Self.deny(token, service)
        // The service learns of what another process changed a moment later.
        let text = try await eventually { () -> String? in
          let told = try await Self.stand(service)
          #expect(told.exitCode == 0, "\(told.errors)")
          #expect(told.output == "2 of 2 validators told how they are\n")
          let behind = try await service.client.json("/v1/deny-list/behind") ?? ""
          return behind.contains(#""version":\#(index + 1),"devices":[]"#) ? behind : nil
        }
        #expect(text != nil, "version \(index + 1) is not held")
      }
      let list = try #require(try await service.client.json("/v1/devices"))
      #expect(list.components(separatedBy: #""deny_list_version":3"#).count == 3, "\(list)")
      #expect(list.components(separatedBy: #""battery_percent":"#).count == 3, "\(list)")

      // One that is refused does not keep the others from telling.
      let other = SignedDevice(id: "V-3", secret: "another token")
      #expect(try await other.enroll(vehicle: nil, with: service.client))
      let partly = try await Self.stand(service)
      #expect(partly.exitCode == 3 && partly.output.hasPrefix("2 of 3 validators"))
      #expect(partly.errors.contains("V-3"), "\(partly.errors)")
    }
  }
}
