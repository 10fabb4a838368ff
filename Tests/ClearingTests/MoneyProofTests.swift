import AcquirerSupport
import BankSupport
import Basics
import Charging
import Clearing
import Ledger
import SimulatedAcquirer
import Store
import Synchronization
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  /// Whoever owns the database changes one value of stored value or of charging: the proof names the
  /// row, in every column of every table.
  @Suite struct MoneyProofTests {
    /// What is not looked for in a column, and why.
    private static let exceptions: [String: String] = [
      "wallet_account.rider_id": erasable, "product_holding.rider_id": erasable,
      "charge_window.rider_id": erasable, "charge_window.medium_id": erasable,
      "charge_event.medium_id": erasable, "charge_window.next_at": schedule,
      "charge_window.asked_at": schedule, "charge_refund.next_at": schedule,
      "charge_refund.asked_at": schedule, "statement_line.counterparty": erasable,
      "statement_line.remittance": erasable, "past_change.subject_id": erasable,
      "past_change.other_id": erasable,
    ]
    private static let erasable =
      "riders may be erased later, and no digest may tell who it was; the taps tell it"
    private static let schedule = "when the worker looks again; no amount depends on it"

    /// Tables with amounts that leave no digests, and what proves them.
    private static let provenOtherwise: [String: String] = [
      "posting": "the digest of the entry", "ride": "its own tree, and its taps",
      "ride_sum": "its own tree, and the rides", "ride_day_sum": "added up anew from those",
      "operator_share": "worked out from the rides and the books; its names are riders",
      "charge_sum": "added up anew from the windows",
      "acquirer_sum": "added up anew from the lines",
      "posting_sum": "added up anew from the postings",
    ]

    /// A house in which every table of money has a row, November closed, and something after it.
    ///
    /// With a debt at a desk every column that counts money has a value in some row.
    static func with(
      deskToo isDeskUsed: Bool = false, _ body: @Sendable (House) async throws -> Void
    ) async throws {
      try await CardHouse.with(tariff: productTariff) { cards in
        let house = cards.house
        try await fillCards(cards)
        if isDeskUsed { try await fillDesk(cards) }
        try await fillWallets(house)
        try await fundSales(cards)
        try await fillOperators(house)
        guard case .closed(let proof, _) = try await house.close() else {
          Issue.record("November was not closed")
          return
        }
        for table in MoneyTable.allCases {
          let tree = proof.trees.first { $0.table == table.rawValue }
          #expect((tree?.leaves ?? 0) > 0, "\(table) has no row")
        }
        try await house.topUp(house.rider("anna"), 500, key: "late", at: House.december)
        let sound = try await house.fullAudit()
        #expect(sound.isSound && sound.periods == 1, "\(sound.findings)")
        try await body(house)
      }
    }

    private static func fillCards(_ cards: CardHouse) async throws {
      let house = cards.house
      try await house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
      try await cards.work()
      try await cards.nextDay()
      let window = try await cards.window()
      let order = try await cards.debts.proposeRefund(
        window, minor: 300, reason: "test", by: "olena")
      _ = try await cards.debts.decide(order, isApproved: true, by: "taras")
      try await cards.work()
      let payment = try #require(cards.acquirer.books.withLock { $0.allPayments.first })
      let day = try #require(Day("2026-11-23"))
      let kinds: [(FundingRecord.Kind, Int64)] = [
        (.capture, 800), (.chargeback(caseID: "CB1", stage: .opened), 400),
        (.chargeback(caseID: "CB1", stage: .won), 300),
      ]
      let file = FundingFile(
        number: 1, date: day, merchant: "city", currency: hryvnia,
        records: kinds.enumerated().map { index, line in
          FundingRecord(
            line: index + 2, kind: line.0, reference: payment.reference, key: payment.key,
            grossMinor: line.1, feeMinor: 10, currency: hryvnia, valueDate: day)
        } + [
          FundingRecord(
            line: 5, kind: .refund, reference: "R1", key: "r1", grossMinor: 200, feeMinor: 0,
            currency: hryvnia, valueDate: day)
        ])
      _ = try await cards.funding.take(file.bytes, name: "a.csv")
      let foreign = #"{"id":"M1","type":"captured","key":"w99-1","reference":"P"}"#
      _ = try await cards.messages.take(Array(foreign.utf8))
      try await KeptMessageDesk(store: house.store, now: { cards.clock.now })
        .decide("M1", reason: "of another merchant", by: "olena")
      try await house.script(
        """
        insert into clearing_line (number, window_id, attempt, minor, reference)
        values (1, \(window), 1, 800, 'P');
        """)
    }

    /// A dispute that is lost, a debt of which a desk took a part, a refund of more than the acquirer
    /// took, and a capture that the acquirer does not pay after it.
    private static func fillDesk(_ cards: CardHouse) async throws {
      let disputed = try #require(cards.acquirer.books.withLock { $0.allPayments.first })
      for stage in ["opened", "lost"] {
        let message = """
          {"id":"L-\(stage)","type":"chargeback","case":"CB2","reference":"\(disputed.reference)",\
          "amount_minor":100,"currency":"UAH","stage":"\(stage)"}
          """
        #expect(try await cards.messages.take(Array(message.utf8)) == .applied)
      }
      try await cards.house.journal(
        [try bankTap(3, "08:00", card: "visa-olha", day: 1)], receivedAt: cards.clock.now)
      try await cards.work()
      try await cards.nextDay()
      let window = try await cards.house.number("select max(window_id) from charge_window")
      let declined = #"{"id":"M2","type":"declined","key":"w\#(window)-1","code":"51"}"#
      #expect(try await cards.messages.take(Array(declined.utf8)) == .applied)
      try await cards.debts.pay(window, minor: 300, channel: .cash, by: "desk 1")
      _ = try await cards.debts.askNow(window, by: "olena")
      try await cards.work()
      let order = try await cards.debts.proposeRefund(
        window, minor: 700, reason: "test", by: "olena")
      _ = try await cards.debts.decide(order, isApproved: true, by: "taras")
      try await cards.work()
      let payment = try #require(cards.acquirer.books.withLock { $0.allPayments.last })
      let unpaid = line(.decline(code: "late"), payment.reference, 500, key: payment.key)
      #expect(try await cards.fund(9, [unpaid]) == [.notHonoured: 1])
      try await KeptMessageDesk(store: cards.house.store, now: { cards.clock.now })
        .decide("KVYTOK-F9-2", reason: "test", by: "olena")
    }

    private static func fundSales(_ cards: CardHouse) async throws {
      let day = try #require(Day("2026-11-23"))
      // One that the acquirer pays in part, and one that it does not pay.
      try await cards.house.topUpByCard(cards.house.rider("anna"), 200, reference: "T2")
      let file = FundingFile(
        number: 2, date: day, merchant: "city", currency: hryvnia,
        records: [
          FundingRecord(
            line: 2, kind: .capture, reference: "T1", key: nil, grossMinor: 600, feeMinor: 5,
            currency: hryvnia, valueDate: day),
          FundingRecord(
            line: 3, kind: .decline(code: "late"), reference: "T2", key: nil, grossMinor: 200,
            feeMinor: 0, currency: hryvnia, valueDate: day),
        ])
      _ = try await cards.funding.take(file.bytes, name: "b.csv")
    }

    private static func fillWallets(_ house: House) async throws {
      try await house.rule(negative: 1000)
      try await house.register("anna")
      try await house.topUp(house.rider("anna"), 9000, key: "k1")
      try await house.topUpByCard(house.rider("anna"), 1000, reference: "T1")
      try await house.register("olha")
      _ = try await house.products.sell(
        "ten rides", to: house.rider("olha"), from: nil, for: house.cash(nil, key: "s1"), by: desk)
      try await house.journal(
        [try tap(11, "09:00"), try tap(12, "13:00", card: "olha", day: 1)], device: "V-2")
      try await house.service.drain()
      let day = try #require(Day("2026-11-23"))
      _ = try await house.recognition.recognise(through: day, at: House.noon)
    }

    private static func fillOperators(_ house: House) async throws {
      let day = try #require(Day("2026-11-23"))
      let lines = [
        Posting(.debit, account: AccountCode.cash, minor: 5000),
        Posting(.credit, account: AccountCode.operators, operatorID: "tram", minor: 5000),
      ]
      let adjusting = Adjusting(store: house.store, city: house.city)
      _ = try await adjusting.request(
        lines, currency: hryvnia, reason: "test", by: "olena", at: House.noon)
      _ = try await adjusting.decide(1, isApproved: true, by: "petro", at: House.noon)
      let payouts = PayoutDesk(store: house.store, city: house.city, now: { House.noon })
      try await payouts.setAccount(
        BankAccount(name: "Tram", iban: "UA903052992990004149123456789", bic: nil), of: "tram",
        by: "olena")
      let order = try #require(
        try await house.payoutsAfter.propose(through: day, by: "olena").orders.first)
      _ = try await payouts.decide(order.id, isApproved: true, by: "taras")
      _ = try await payouts.makeFile(
        currency: hryvnia,
        from: BankAccount(name: "Kvytok", iban: StatementFile.iban, bic: nil),
        executionDay: day, by: "taras")
      let bank = StatementDesk(store: house.store, city: house.city, now: { House.noon })
      try await bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
      let statement = StatementFile(
        "1", opening: 0, from: day, to: day,
        [
          StatementFile.Entry("E1", 1000, on: day, "KVYTOK-CASH"),
          StatementFile.Entry("E2", -30, on: day, "?"),
        ])
      _ = try await bank.take(statement.bytes, name: "1.xml", by: "olena")
      try await bank.match(2, to: .fee, nil, by: "olena")
      try await SubsidyDesk(store: house.store, city: house.city, now: { House.noon }).set(
        ConcessionRate(
          category: "pensioner", operatorID: "tram", from: day, to: nil, currency: hryvnia,
          rideMinor: 500), by: "olena")
      try await house.script(
        """
        insert into subsidy_claim (first_day, last_day, currency, state, created_by, created_at)
        values ('2026-11-22', '2026-11-22', 'UAH', 'paid', 'olena', now());
        insert into subsidy_line values (1, 'tram', 'pensioner', 1, 500);
        insert into bank_point values ('2026-10-31', 'UAH', 0, '{}');
        insert into erased_fare (lane, rider_id, fare_day, currency, is_stored_value, minor, booked_at,
          entry_id)
        select 0, '00000000-0000-0000-0000-0000000000ee', '2026-11-22', 'UAH', false, m, now(),
          (select min(entry_id) from entry)
        from unnest(array[500, -500]) m;
        insert into subsidy_ride values
          (1, '2026-11-22', 0, 77, false, 'tram', 'pensioner', 1, 500);
        insert into rerating_order (first_day, last_day, preview, change_minor, state,
          needs_approval, requested_by, requested_digest, requested_at)
        values ('2026-11-22', '2026-11-22', '{}', 1, 'requested', true, 'Olena', 'a', now());
        insert into accepted_finding (table_name, row_key, image_digest, seals, finding, reason,
          requested_by, requested_at)
        values ('setting', 'none', '', '', 'was taken away', 'test', 'olena', now());
        insert into past_change (kind, wish, what, change_minor, state, requested_by, requested_digest,
          requested_at)
        values ('place', sha256('x'), 'test', 1, 'lapsed', 'olena', 'a', now());
        insert into stop_correction (fare_day, device_id, epoch, seq, stop, off_route, reason,
          change_minor, state, requested_by, requested_digest, requested_at)
        values ('2026-11-22', 'V-1', 1, 1, 'HILL', false, 'test', 1, 'superseded', 'olena', 'a',
          now());
        """)
    }

    /// Whoever owns the database takes the checks of a table away as well.
    static func dropChecks(of table: String, _ house: House) async throws {
      for name in try await house.texts(
        "select conname from pg_constraint where conrelid = '\(table)'::regclass and contype = 'c'")
      {
        try await house.script("alter table \(table) drop constraint \"\(name)\"")
      }
    }

    private struct Column {
      let name: String
      let type: String
      /// The server itself refuses another value, also from its owner.
      let isGiven: Bool
    }

    private static func columns(of table: String, _ house: House) async throws -> [Column] {
      try await house.texts(
        """
        select concat_ws('|', column_name, data_type, identity_generation)
        from information_schema.columns
        where table_schema = 'public' and table_name = '\(table)' order by ordinal_position
        """
      ).map { line in
        let parts = line.split(separator: "|").map(String.init)
        return Column(
          name: parts[0], type: parts[1], isGiven: parts.count > 2 && parts[2] == "ALWAYS")
      }
    }

    /// What is done to the newest row of a table.
    private struct Forgery: Sendable {
      let table: String
      let what: String
      let sql: String
      /// Whether the row keeps its name.
      let isNameKept: Bool
    }

    /// Tables in which a row is forged before the proof is asked: each asking looks at all of them.
    ///
    /// So many that the proof, which names up to a hundred things, has room for all that follows from them.
    private static let forgedAtOnce = 18

    private static func newest(of table: String) -> String {
      "(tableoid, ctid) in (select tableoid, ctid from \(table) order by ctid desc limit 1)"
    }

    /// One for each column of a table, and one that takes a row away; and the columns that are left out.
    private static func forgeries(
      of table: MoneyTable, _ house: House
    ) async throws -> (all: [Forgery], excepted: Set<String>) {
      let (name, chosen) = (table.rawValue, newest(of: table.rawValue))
      var all = [
        Forgery(
          table: name, what: "a row taken away", sql: "delete from \(name) where \(chosen)",
          isNameKept: true)
      ]
      var excepted: Set<String> = []
      for column in try await columns(of: name, house) where !column.isGiven {
        guard exceptions["\(name).\(column.name)"] == nil else {
          excepted.insert("\(name).\(column.name)")
          continue
        }
        let other = PlantedChangeTests.other(column.name, column.type, by: 1)
        all.append(
          Forgery(
            table: name, what: column.name,
            sql: "update \(name) set \(column.name) = \(other) where \(chosen)",
            isNameKept: !table.key.contains(column.name)))
      }
      return (all, excepted)
    }

    /// Forges rows of several tables, asks the proof, puts all back; those that it does not name.
    private static func unnamed(
      among forgeries: [Forgery], _ house: House
    ) async throws -> [(forgery: Forgery, findings: [String])] {
      var words: [String] = []
      for forgery in forgeries {
        let key = try #require(MoneyTable(rawValue: forgery.table)).key
          .map { "\($0)::text" }.joined(separator: ", ")
        let row = try await house.texts(
          """
          select concat_ws('/', \(key)) from \(forgery.table) where \(newest(of: forgery.table))
          """
        ).first
        words.append("\(forgery.table) " + (forgery.isNameKept ? "\(try #require(row)) " : ""))
        try await house.script(House.forging(forgery.sql))
      }
      let findings = try await house.fullAudit().findings
      for forgery in forgeries {
        try await house.script(
          House.forging(
            "delete from \(forgery.table); insert into \(forgery.table) "
              + "overriding system value select * from saved_\(forgery.table)"))
      }
      return zip(forgeries, words).compactMap { forgery, words in
        findings.contains { $0.hasPrefix(words) } ? nil : (forgery, findings)
      }
    }

    @Test func everyChangedAddedOrRemovedRowIsNamed() async throws {
      try await Self.with { house in
        var excepted: Set<String> = []
        var waiting: [[Forgery]] = []
        for table in MoneyTable.allCases {
          try await Self.dropChecks(of: table.rawValue, house)
          let found = try await Self.forgeries(of: table, house)
          waiting.append(found.all)
          excepted.formUnion(found.excepted)
          try await house.script(
            "create table saved_\(table.rawValue) as select * from \(table.rawValue)")
        }
        var tried = 0
        while waiting.contains(where: { !$0.isEmpty }) {
          waiting.sort { $0.count > $1.count }
          let forgeries = waiting.indices.prefix(Self.forgedAtOnce).compactMap {
            waiting[$0].popLast()
          }
          tried += forgeries.count
          // The proof ends its list somewhere: what is not named among others has to be named alone.
          for (forgery, _) in try await Self.unnamed(among: forgeries, house) {
            let alone = try await Self.unnamed(among: [forgery], house)
            #expect(
              alone.isEmpty,
              "not named: \(forgery.what) of \(forgery.table): \(alone.map(\.findings))")
          }
        }
        #expect(tried > 200)
        #expect(excepted == Set(Self.exceptions.keys), "an exception is no column any more")
        #expect(try await house.fullAudit().isSound)
      }
    }

    @Test func everyChangeOfADigestIsFoundToo() async throws {
      try await Self.with { house in
        try await house.script("create table saved as select * from row_seal")
        let newest = "(select max(seal_id) from row_seal where period is not null)"
        for statement in [
          "update row_seal set period = null where seal_id = \(newest)",
          "update row_seal set row_key = row_key || '1' where seal_id = \(newest)",
          "update row_seal set table_name = 'chargeback' where seal_id = \(newest)",
          "update row_seal set digest = sha256('x') where seal_id = 1",
          "delete from row_seal where seal_id = 1",
          "update row_seal set period = '2026-11' where period is null",
          "update row_seal set digest = sha256('x') where period is null",
          """
          update wallet_movement set amount_minor = amount_minor + 1 where movement_id = 1;
          update row_seal set digest = (
            select row_digest(to_jsonb(m), '{}') from wallet_movement m where movement_id = 1)
          where table_name = 'wallet_movement' and row_key = '1'
          """,
        ] {
          try await house.script("create table kept as select * from wallet_movement")
          try await house.script(House.forging(statement))
          #expect(try await !house.fullAudit().isSound, "not found: \(statement)")
          try await house.script(
            House.forging(
              """
              delete from row_seal; insert into row_seal overriding system value
                select * from saved;
              delete from wallet_movement; insert into wallet_movement overriding system value
                select * from kept
              """))
          try await house.script("drop table kept")
        }
        #expect(try await house.fullAudit().isSound)
        // Nor does the database let anybody do so by mistake.
        for statement in [
          "update row_seal set period = null", "delete from row_seal",
          "update row_seal set digest = '' where period is null",
        ] {
          await #expect(throws: (any Error).self, "\(statement)") {
            try await house.script(statement)
          }
        }
      }
    }

    @Test func noTableWithAmountsIsForgotten() async throws {
      try await House.with { house in
        let tables = try await house.texts(
          """
          select distinct c.table_name from information_schema.columns c
          join information_schema.tables t using (table_schema, table_name)
          where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
            and (c.column_name like '%minor' or c.table_name like 'wallet%')
            and c.table_name !~ '_(p?[0-9]{8}|other)$'
            and not exists (select from pg_inherits where inhrelid = c.table_name::regclass)
          order by 1
          """)
        let sealed = Set(MoneyTable.allCases.map(\.rawValue))
        let missing = Set(tables).subtracting(sealed).subtracting(Self.provenOtherwise.keys)
        #expect(missing.isEmpty)
        #expect(Set(tables).isSuperset(of: Self.provenOtherwise.keys))
        // The triggers name rows as the proof does, and leave out the same columns.
        let triggers = try await house.texts(
          """
          select relname || ' ' || encode(tgargs, 'escape') from pg_trigger t
          join pg_class c on c.oid = tgrelid
          where tgfoid = to_regproc(relname || '_sealed') order by 1
          """)
        let expected = MoneyTable.allCases.flatMap { table -> [String] in
          let arguments = [table.key, table.leftOut].map { $0.joined(separator: ",") + "\\000" }
          return [String](repeating: "\(table.rawValue) " + arguments.joined(), count: 3)
        }
        #expect(triggers == expected.sorted())
      }
    }
  }
}
