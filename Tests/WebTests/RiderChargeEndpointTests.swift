import Basics
import DatabaseSupport
import HTTPTypes
import Postgres
import Store
import Testing
import Transit
import Web

/// Why a card was charged, or was not, as the rider reads it.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct RiderChargeEndpointTests {
  private static let rider = RiderID(high: 1, low: 2)

  /// A window of 8.00 that was declined, and one of 16.00 of which 5.00 went back, the day after.
  private func withCharges(
    _ body: @Sendable (TestService, String) async throws -> Void
  ) async throws {
    try await TestService.with { service in
      let lane = Lane.of(Self.rider)
      _ = try await service.pool.session { db in
        try await db.script(
          """
          insert into rider values ('\(Self.rider)', \(lane), now());
          insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
            amount_minor, due_minor, captured_minor, settled_minor, refunded_minor, declined_at,
            decline_code, closed_at)
          values
            (\(lane), '\(Self.rider)', gen_random_uuid(), '2026-11-20', 0, 'UAH', 'debt', 800, 800, 0,
              0, 0, now(), '51', now()),
            (\(lane), '\(Self.rider)', gen_random_uuid(), '2026-11-21', 0, 'UAH', 'settled', 1600, 0,
              1600, 1600, 500, null, null, now());
          insert into charge_refund (window_id, minor, cause, state, created_at)
          values (2, 500, 'goodwill', 'paid', now());
          """)
      }
      try await body(service, try await service.token(.rider, rider: Self.rider))
    }
  }

  @Test func theAnswerTellsStateAmountsAndRefundsOfEachDay() async throws {
    try await withCharges { service, token in
      let path = "/v1/riders/\(Self.rider)/rides?from=2026-11-20&to=2026-11-21&lang=en"
      let answer = await service.send(.get, path, token: token)
      #expect(answer.status == .ok)
      for text in [
        #""charges":[{"fare_day":"2026-11-20","state":"debt","currency":"UAH","amount_minor":800"#,
        #""decline_code":"51","refunds":[],"why":"declined: there is not enough money on the card"#,
        #""captured_minor":1600,"refunded_minor":500"#,
        #""refunds":[{"refund":1,"amount_minor":500,"state":"paid","cause":"goodwill","paid_back":false}]"#,
        #""why":"paid; 5.00 UAH were given back to the card""#,
      ] {
        #expect(answer.text.contains(text), "\(text) in \(answer.text)")
      }
    }
  }

  @Test func thePageTellsItInBothLanguages() async throws {
    try await withCharges { service, token in
      let english = await service.send(.get, "/rider?date=2026-11-21&lang=en", token: token)
      #expect(english.text.contains("Charges of the bank card"), "\(english.text)")
      #expect(english.text.contains("paid; 5.00 UAH were given back to the card"))
      let ukrainian = await service.send(.get, "/rider?date=2026-11-20&lang=uk", token: token)
      #expect(ukrainian.text.contains("Списання з банківської картки"))
      #expect(ukrainian.text.contains("на картці бракує грошей"), "\(ukrainian.text)")
      let other = try await service.token(.rider, rider: RiderID(high: 3, low: 4))
      let foreign = await service.send(
        .get, "/v1/riders/\(Self.rider)/rides", token: other)
      #expect(foreign.status == .forbidden)
    }
  }
}
