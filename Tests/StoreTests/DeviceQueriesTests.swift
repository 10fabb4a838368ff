import Basics
import Postgres
import Store
import Tapping
import Testing

extension StoreSuite {
  @Suite struct Devices {
    private static let key = [UInt8](repeating: 7, count: 32)

    @Test func aDeviceGoesFromEnrolledToActiveToRevoked() async throws {
      try await withStore { store, _ in
        try await store.write { session in
          try await session.devices.enroll(
            "V-1", vehicle: "1603", secretDigest: [1, 2], at: noon)
        }
        let enrolled = try await store.read { try await $0.devices.find("V-1") }
        #expect(enrolled?.state == .enrolled)
        let place = try await store.read { try await $0.deviceAssignments.find("V-1") }
        #expect(place.place(at: noon) == .vehicle("1603"))
        #expect(place.place(at: noon.adding(seconds: -1)) == nil)
        #expect(enrolled?.secretDigest == [1, 2])
        try await store.write { session in
          try await session.devices.activate("V-1", publicKey: Self.key, at: noon)
        }
        let active = try await store.read { try await $0.devices.find("V-1") }
        #expect(active?.state == .active)
        #expect(active?.publicKey == Self.key)
        let isKnown = try await store.write { session in
          try await session.devices.revoke("V-1", at: noon)
        }
        #expect(isKnown)
        let revoked = try await store.read { try await $0.devices.find("V-1") }
        #expect(revoked?.state == .revoked)
        #expect(revoked?.revokedAt == noon)
        #expect(revoked?.secretDigest == nil)
      }
    }

    @Test func nobodyIsRevoked() async throws {
      try await withStore { store, _ in
        let wasKnown = try await store.write { try await $0.devices.revoke("V-9", at: noon) }
        #expect(wasKnown == false)
        let device = try await store.read { try await $0.devices.find("V-9") }
        #expect(device == nil)
      }
    }

    @Test func aListGoesOnWhereThePageEnded() async throws {
      try await withStore { store, _ in
        try await store.write { session in
          for number in 1...5 {
            try await session.devices.enroll(
              "V-\(number)", vehicle: nil, secretDigest: [0], at: noon)
          }
        }
        let pages = try await store.read { session in
          let first = try await session.devices.list(limit: 3)
          return [first, try await session.devices.list(after: "V-3", limit: 3)]
        }
        #expect(pages[0].map(\.id) == ["V-1", "V-2", "V-3"])
        #expect(pages[1].map(\.id) == ["V-4", "V-5"])
      }
    }

    @Test func aChangeIsAnnounced() async throws {
      try await withStore { store, _ in
        var heard = store.announcements(.devices).makeAsyncIterator()
        #expect(await heard.next() == "")
        try await store.write { session in
          try await session.devices.enroll("V-1", vehicle: nil, secretDigest: [0], at: noon)
        }
        #expect(await heard.next() == "V-1")
      }
    }
  }
}
