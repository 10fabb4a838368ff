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

  /// A ride by bank card is in a charge, and one by a card on which nobody put money is not paid.
  @Test func howTheRidesArePaidStandsBesideTheirSum() async throws {
    try await withCharges { service, token in
      let lane = Lane.of(Self.rider)
      _ = try await service.pool.session { db in
        try await db.script(
          """
          insert into ride (fare_day, lane, rider_id, run_id, started_at, device_id, epoch, seq, riders,
            category, product, medium, currency, nominal_minor, charged_minor, tariff_version, reason)
          select '2026-11-21', \(lane), '\(Self.rider)', 1, '2026-11-21T08:00Z', 'V-1', 1, n, 1, 'adult',
            'ride', medium, 'UAH', minor, minor, 'test-1',
            '{"currency":"UAH","steps":[]}'
          from (values (1, 'bank', 1600), (2, 'card', 1200)) r (n, medium, minor);
          insert into fare_day (lane, rider_id, fare_day, rated_at, owes)
          values (\(lane), '\(Self.rider)', '2026-11-21', now(), true);
          """)
      }
      let path = "/v1/riders/\(Self.rider)/rides?from=2026-11-21&to=2026-11-21&lang=en"
      let answer = await service.send(.get, path, token: token)
      for text in [
        #""payments":[{"means":"charges","currency":"UAH","amount_minor":1600,"why":"by charges of the"#,
        #"{"means":"no_money","currency":"UAH","amount_minor":1200,"why":"not paid, for no money"#,
      ] {
        #expect(answer.text.contains(text), "\(text) in \(answer.text)")
      }
      let english = await service.send(.get, "/rider?date=2026-11-21&lang=en", token: token)
      #expect(
        english.text.contains(
          "not paid, for no money of this currency was ever put on the card: 12.00 UAH"),
        "\(english.text)")
      let ukrainian = await service.send(.get, "/rider?date=2026-11-21&lang=uk", token: token)
      #expect(
        ukrainian.text.contains(
          "не сплачено, бо на картку не клали грошей у цій валюті: 12,00 UAH"),
        "\(ukrainian.text)")
    }
  }

  @Test func thePageTellsItInBothLanguages() async throws {
    try await withCharges { service, token in
      let english = await service.send(.get, "/rider?date=2026-11-21&lang=en", token: token)
      #expect(english.text.contains("Charges of the bank card"), "\(english.text)")
      #expect(english.text.contains("paid; 5.00 UAH were given back to the card"))
      // The rides were taken back after the charge: what is owed to the rider is told without any.
      #expect(
        english.text.contains("not charged or given back yet: -16.00 UAH"), "\(english.text)")
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
