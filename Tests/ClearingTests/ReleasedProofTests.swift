import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// A tap that a person let through is proven like every other, with what the person corrected.
  @Suite struct ReleasedProof {
    /// Columns that say nothing about the ride.
    private static let left: Set<String> = ["assigned"]

    @Test func everyChangedColumnOfAReleasedTapIsFound() async throws {
      try await House.with { house in
        var good = try tap(1, "08:00")
        good.coordinate = Coordinate(latitude: 50, longitude: 30)
        var ahead = try tap(2, "09:00", day: 365)
        ahead.coordinate = Coordinate(latitude: 50, longitude: 30)
        ahead.direction = 1
        try await house.journalSigned([good, ahead])
        try await house.script(
          """
          update tap_batch set quarantined = '{[2,3)}';
          insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
          values ('V-1', 1, 2, 'tap_in_future', 'later than now', '{}', '2026-11-23T07:30Z');
          """)
        _ = try await QuarantineDesk(store: house.store, log: quiet).release(
          TapName(device: "V-1", epoch: 1, seq: 2),
          correction: TapCorrection(at: try tap(2, "12:00").at, riders: 2), by: "olha",
          reason: "its clock stood wrong", at: House.noon)
        try await house.service.drain()
        let sound = try await house.fullAudit(.journal)
        #expect(sound.isSound && sound.taps == 2, "\(sound.findings)")
        try await house.script("create table saved as select * from tap")
        let columns = try await house.texts(
          """
          select column_name || ' ' || data_type from information_schema.columns
          where table_name = 'tap' and table_schema = 'public' order by ordinal_position
          """
        ).map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
        #expect(columns.count > 20)
        var statements = columns.filter { !Self.left.contains($0[0]) }.map { column in
          let words = [
            "kind": "'on'", "direction": "0",
            "deny_list_version": "coalesce(deny_list_version, 0) + 1",
          ]
          let other = words[column[0]] ?? PlantedChangeTests.other(column[0], column[1])
          return "update tap set \(column[0]) = \(other) where seq = 2"
        }
        statements.append("delete from tap where seq = 2")
        for statement in statements {
          try await house.script(House.forging(statement))
          let audit = try await house.fullAudit(.journal)
          #expect(
            audit.findings.contains { $0.contains("V-1/1/2") || $0.contains("fare day") },
            "not found: \(statement) \(audit.findings)")
          try await house.script(
            House.forging(
              "delete from tap; insert into tap overriding system value select * from saved"))
        }
        #expect(try await house.fullAudit(.journal).isSound)
      }
    }
  }
}
