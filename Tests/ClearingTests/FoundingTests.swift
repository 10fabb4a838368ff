import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// Cards that nobody has seen are founded share by share where they are many.
  @Suite struct FoundingTests {
    private static let cardCount = 1000
    private static let batchSize = 200

    /// Several devices meet the same cards at the same time, each in the lane of its own.
    @Test(arguments: [1, 4])
    func manyNewCardsAreSortedByOneDrain(devices: Int) async throws {
      #expect(Self.cardCount > 4 * ClearingService.foundedAtOnceMax)
      try await House.with(connectionsMax: 8) { house in
        for device in 1...devices {
          for first in stride(from: 1, through: Self.cardCount, by: Self.batchSize) {
            let taps = try (first..<first + Self.batchSize).map { seq in
              try tap(Int64(seq), "1\(device):00", card: "card-\(seq)")
            }
            try await house.journal(taps, device: "V-\(device)")
          }
        }
        try await house.service.drain()
        let taps = Int64(Self.cardCount * devices)
        #expect(try await house.number("select count(*) from tap") == taps)
        #expect(try await house.number("select count(*) from medium") == Int64(Self.cardCount))
        #expect(
          try await house.number(
            """
            select count(*) from rider r join medium m using (rider_id)
            where r.rider_id = m.medium_id and r.merged_into is null
            """) == Int64(Self.cardCount))
        #expect(
          try await house.number("select count(*) from tap_batch where sorted_at is null") == 0)
        #expect(try await house.number("select count(*) from ride") == taps)
      }
    }
  }
}
