import Basics
import Clearing
import Store
import Testing

extension ClearingSuite {
  /// A row that was written by hand, looked at and accepted is told as accepted, and no finding any more.
  @Suite struct AcceptedFindingTests {
    private static let byHand = "begin; set local kvytok.seal_key = ''; "

    private static func asked(
      _ house: House, _ table: String = "wallet_rule", _ key: String = "UAH"
    ) async throws -> AcceptanceOutcome {
      try await FindingAcceptance(store: house.store).request(
        table: table, key: key, reason: "the limit of the council's order 7", by: "olena",
        at: House.noon)
    }

    private static func decided(
      _ house: House, _ number: Int64, by person: String = "taras", isAccepted: Bool = true
    ) async throws -> AcceptanceOutcome {
      try await FindingAcceptance(store: house.store).decide(
        number, isAccepted: isAccepted, by: person, at: House.noon)
    }

    @Test func aRowWrittenByHandIsAcceptedByTwoPeopleAndEachProofTellsWho() async throws {
      try await House.with { house in
        try await house.rule(negative: 1000)
        #expect(try await Self.asked(house) == .nothingFound)
        #expect(try await Self.asked(house, "ride", "1") == .unknown)
        try await house.script(
          Self.byHand + "update wallet_rule set negative_max_minor = 2000; commit")
        #expect(try await house.fullAudit().findings.count == 1)
        #expect(
          try await Self.asked(house)
            == .requested(1, finding: "was written by hand, with no stamp of the program"))
        #expect(try await !house.fullAudit().isSound, "one person is not enough")
        #expect(try await Self.decided(house, 1, by: "Olena") == .ownRequest)
        #expect(try await Self.decided(house, 2) == .unknown)
        #expect(try await Self.decided(house, 1) == .accepted)
        #expect(try await Self.decided(house, 1) == .decided(.approved))
        let audit = try await house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
        #expect(
          audit.accepted == [
            "wallet_rule UAH was written by hand, with no stamp of the program: accepted by taras at "
              + "\(House.noon), asked by olena: the limit of the council's order 7"
          ])
        // The program writes the row later: still accepted.
        try await house.rule(negative: 3000)
        #expect(try await house.fullAudit().isSound)
      }
    }

    @Test func aFurtherChangeOfAnAcceptedRowIsANewFinding() async throws {
      try await House.with { house in
        try await house.rule(negative: 1000)
        let change = "update wallet_rule set negative_max_minor = negative_max_minor + 1"
        for (round, forgery) in [
          Self.byHand + change + "; commit", House.forging(change),
          House.forging("delete from wallet_rule"),
        ].enumerated() {
          let number = Int64(round * 2 + 1)
          try await house.script(forgery)
          #expect(try await !house.fullAudit().isSound, "round \(round)")
          guard case .requested = try await Self.asked(house) else {
            Issue.record("round \(round) is not found")
            return
          }
          #expect(try await Self.decided(house, number, isAccepted: false) == .refused)
          #expect(try await !house.fullAudit().isSound, "round \(round)")
          _ = try await Self.asked(house)
          #expect(try await Self.decided(house, number + 1) == .accepted)
          let audit = try await house.fullAudit()
          #expect(audit.isSound, "round \(round): \(audit.findings)")
          #expect(audit.accepted.count == round + 1)
        }
      }
    }

    @Test func whatIsNotAsItWasWhenItWasAskedForIsNotAccepted() async throws {
      try await House.with { house in
        try await house.rule(negative: 1000)
        let change = "update wallet_rule set minimum_minor = minimum_minor + 1"
        try await house.script(House.forging(change))
        _ = try await Self.asked(house)
        try await house.script(House.forging(change))
        #expect(try await Self.decided(house, 1) == .changedSince)
        #expect(try await !house.fullAudit().isSound)
        // Nor does an acceptance count as sound that was itself written by hand, or decided by one.
        await #expect(throws: (any Error).self) {
          try await house.script(
            "update accepted_finding set state = 'approved', decided_by = 'OLENA', decided_at = now()"
          )
        }
        try await house.script(
          Self.byHand
            + """
            update accepted_finding set state = 'approved', decided_by = 'taras', decided_at = now(),
              image_digest = (select row_digest(to_jsonb(w), '{}') from wallet_rule w);
            commit
            """)
        let audit = try await house.fullAudit()
        #expect(
          audit.findings.contains { $0.hasPrefix("accepted_finding 1 was written by hand") },
          "\(audit.findings)")
        #expect(try await Self.asked(house, "accepted_finding", "1") == .unknown)
      }
    }
  }
}
