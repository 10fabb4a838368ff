import AcquirerSupport
import Basics
import Charging
import Clearing
import SimulatedAcquirer
import Store
import Synchronization
import Tapping
import Testing

extension ClearingSuite {
  /// Whatever the acquirer sends: it is taken once, or refused with a reason, and nothing is lost.
  @Suite struct AcquirerInput {
    /// A funding file of lines `kind,reference,key,gross,fee,currency[,case,stage]`.
    private func file(_ number: Int64, _ lines: [String]) throws -> [UInt8] {
      let day = try #require(Day("2026-11-24"))
      let records = try lines.enumerated().map { index, line in
        let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let kind: FundingRecord.Kind =
          switch cells[0] {
          case "D": .capture
          case "R": .refund
          case "N": .decline(code: "late")
          case "B": .billing
          default:
            .chargeback(
              caseID: cells[6], stage: try #require(ChargebackStage(rawValue: cells[7])))
          }
        return FundingRecord(
          line: index + 2, kind: kind, reference: cells[1],
          key: cells[2].isEmpty ? nil : cells[2], grossMinor: try #require(Int64(cells[3])),
          feeMinor: try #require(Int64(cells[4])), currency: try #require(Currency(cells[5])),
          valueDate: day)
      }
      return FundingFile(
        number: number, date: day, merchant: "city", currency: try #require(Currency("UAH")),
        records: records
      ).bytes
    }

    @Test func aFileThatComesTwiceCountsOnce() async throws {
      try await CardHouse.charged { house, payment in
        let bytes = try file(1, ["D,\(payment.reference),\(payment.key),800,12,UAH"])
        _ = try await house.funding.take(bytes, name: "a.csv")
        let before = try await house.balances()
        #expect(before == ["1100 788", "2190 -800", "7100 12"])
        #expect(try await house.funding.take(bytes, name: "b.csv") == .known(number: 1))
        let other = try file(1, ["D,\(payment.reference),\(payment.key),700,12,UAH"])
        guard case .refused(let why) = try await house.funding.take(other, name: "c.csv") else {
          Issue.record("another file with a known number was taken")
          return
        }
        #expect(why.contains("number 1 was taken before with other content, as a.csv"))
        #expect(try await house.balances() == before)
      }
    }

    @Test func aFileThatTwoTakeAtOnceCountsOnce() async throws {
      try await CardHouse.charged { house, payment in
        let bytes = try file(1, ["D,\(payment.reference),\(payment.key),800,12,UAH"])
        let outcomes = try await withThrowingTaskGroup(of: FundingOutcome.self) { group in
          for name in ["a.csv", "b.csv", "c.csv"] {
            group.addTask { try await house.funding.take(bytes, name: name) }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == .known(number: 1) } == 2, "\(outcomes)")
        #expect(try await house.balances() == ["1100 788", "2190 -800", "7100 12"])
      }
    }

    @Test func aFileThatIsCutBooksNothing() async throws {
      try await CardHouse.charged { house, payment in
        let bytes = try file(1, ["D,\(payment.reference),\(payment.key),800,12,UAH"])
        let before = try await house.balances()
        for length in [0, 10, bytes.count / 2, bytes.count - 1] {
          guard
            case .refused = try await house.funding.take(
              Array(bytes.prefix(length)), name: "cut\(length).csv")
          else {
            Issue.record("a file cut at \(length) was taken")
            return
          }
        }
        #expect(try await house.balances() == before)
        #expect(try await house.house.number("select count(*) from acquirer_file_refused") == 4)
      }
    }

    @Test func moneyThatMatchesNothingWaitsForAPerson() async throws {
      try await CardHouse.charged { house, payment in
        let bytes = try file(
          1,
          [
            "D,P-unknown,,300,3,UAH", "D,\(payment.reference),\(payment.key),800,12,EUR",
            "D,P-other,w99-1,500,0,UAH", "D,\(payment.reference),\(payment.key),800,12,UAH",
            "D,\(payment.reference),\(payment.key),800,12,UAH", "B,fee,,0,100,UAH",
          ])
        #expect(
          try await house.funding.take(bytes, name: "a.csv")
            == .taken(
              number: 1, categories: [.unknown: 2, .missingHere: 1, .matched: 2, .twice: 1]))
        // In hryvnias 3.00, 5.00 and the second 8.00 match nothing; in euros 8.00.
        #expect(
          try await house.house.texts(
            """
            select e.currency || ' ' || account || ' ' || sum(debit_minor - credit_minor)
            from posting join entry e using (entry_id) where account in ('1100', '1120', '2290')
            group by e.currency, account having sum(debit_minor - credit_minor) <> 0
            order by e.currency, account
            """)
            == ["EUR 1100 788", "EUR 2290 -800", "UAH 1100 2273", "UAH 2290 -1600"])
        let rows = try await house.house.store.read { db in
          try await db.acquirerFiles.remainders(
            from: Day(number: 0), to: Day(number: 30_000), lagDay: Day(number: 30_000),
            countMax: 10)
        }
        #expect(Set(rows.map(\.category)) == [.unknown, .missingHere, .twice])
      }
    }

    @Test func aFileOfAnotherMerchantIsRefusedInWordsAndKept() async throws {
      try await CardHouse.charged { house, payment in
        let own = try FundingFile.read(
          try file(1, ["D,\(payment.reference),\(payment.key),800,12,UAH"]))
        let foreign = FundingFile(
          number: 1, date: own.date, merchant: "other", currency: own.currency,
          records: own.records)
        let before = try await house.balances()
        guard case .refused(let why) = try await house.funding.take(foreign.bytes, name: "o.csv")
        else {
          Issue.record("another merchant's file was taken")
          return
        }
        #expect(
          why
            == "file number 1 is of merchant other, and the house is city at the acquirer: give it "
            + "back, or where that is the house's name, set merchant (KVYTOK_MERCHANT) and hand the "
            + "file in again")
        #expect(try await house.balances() == before)
        #expect(
          try await house.house.texts("select name || ' ' || fault from acquirer_file_refused")
            == ["o.csv \(why)"])
        // Its number is free for the house's own file.
        #expect(
          try await house.funding.take(own.bytes, name: "a.csv")
            == .taken(number: 1, categories: [.matched: 1]))
      }
    }

    /// A file has one currency: a line in another one is listed, whatever it names, and the money waits
    /// in its own currency.
    @Test func aLineInAnotherCurrencyThanItsFileIsListed() async throws {
      try await CardHouse.charged { house, payment in
        let own = try FundingFile.read(
          try file(1, ["D,\(payment.reference),\(payment.key),800,12,UAH"]))
        let euro = try #require(Currency("EUR"))
        let odd = FundingFile(
          number: 1, date: own.date, merchant: "city", currency: euro, records: own.records)
        #expect(
          try await house.funding.take(odd.bytes, name: "a.csv")
            == .taken(number: 1, categories: [.unknown: 1]))
        #expect(
          try await house.house.texts("select category || ': ' || note from acquirer_record")
            == ["unknown: a line in UAH in a file in EUR"])
        #expect(
          try await house.balances() == [
            "1100 788", "1120 800", "2190 -800", "2290 -800", "7100 12",
          ])
        #expect(try await house.windows() == ["2026-11-22 0 captured 800 0"])
      }
    }

    @Test func fundingIsTheAnswerToACaptureThatGotLost() async throws {
      try await CardHouse.charged { house, payment in
        let back = try await house.house.number("select window_id from charge_window")
        // As it was before the answer: asked to be captured, nothing in the books.
        let declined = #"{"id":"X1","type":"declined","key":"w\#(back)-1","code":"51"}"#
        #expect(try await house.messages.take(Array(declined.utf8)) == .applied)
        _ = try await house.debts.askNow(back, by: "olena")
        let approved = #"{"id":"X2","type":"approved","key":"w\#(back)-2","reference":"P2"}"#
        #expect(try await house.messages.take(Array(approved.utf8)) == .applied)
        #expect(try await house.balances() == ["1200 800", "2190 -800"])
        // Money of the try before is none of this one; that of this one pays it, though the card
        // stands as declined.
        let bytes = try file(
          1, ["D,\(payment.reference),\(payment.key),800,12,UAH", "D,P2,w\(back)-2,800,12,UAH"])
        #expect(
          try await house.funding.take(bytes, name: "a.csv")
            == .taken(number: 1, categories: [.declined: 1, .matched: 1]))
        #expect(
          try await house.balances() == ["1100 1576", "2190 -800", "2290 -800", "7100 24"])
        #expect(try await house.windows() == ["2026-11-22 0 settled 800 0"])
        #expect(try await house.house.texts("select state from card_standing") == ["good"])
        // The answer comes after its money.
        let late = #"{"id":"X3","type":"captured","key":"w\#(back)-2","reference":"P2"}"#
        #expect(try await house.messages.take(Array(late.utf8)) == .known)
        try await house.nextDay()
        #expect(try await house.windows() == ["2026-11-22 0 settled 800 0"])
      }
    }

    @Test func fundingIsTheAnswerToARefundThatGotLost() async throws {
      try await CardHouse.charged { house, payment in
        let window = try await house.window()
        let order = try await house.debts.proposeRefund(
          window, minor: 300, reason: "test", by: "olena")
        _ = try await house.debts.decide(order, isApproved: true, by: "taras")
        try await house.house.script("update charge_refund set state = 'asking'")
        let lines = ["D,\(payment.reference),\(payment.key),800,12,UAH", "R,R1,r1,300,0,UAH"]
        #expect(
          try await house.funding.take(try file(1, lines), name: "a.csv")
            == .taken(number: 1, categories: [.matched: 2]))
        #expect(try await house.balances() == ["1100 488", "2190 -500", "7100 12"])
        #expect(
          try await house.house.texts("select state || ' ' || reference from charge_refund")
            == ["settled R1"])
        // The answer comes after its money.
        let late = #"{"id":"X1","type":"approved","key":"r1","reference":"R1"}"#
        #expect(try await house.messages.take(Array(late.utf8)) == .known)
      }
    }

    @Test func aCaptureThatIsNotHonouredIsOwedAgain() async throws {
      try await CardHouse.charged { house, payment in
        let bytes = try file(1, ["N,\(payment.reference),\(payment.key),800,0,UAH"])
        _ = try await house.funding.take(bytes, name: "a.csv")
        #expect(try await house.balances() == ["1200 800", "2190 -800"])
        #expect(try await house.windows() == ["2026-11-22 0 retrying 800 800"])
        #expect(
          try await house.house.texts("select state from card_standing") == ["denied"])
      }
    }

    @Test func aDisputeIsOpenedAndLostByFile() async throws {
      try await CardHouse.charged { house, payment in
        let name = "\(payment.reference),\(payment.key)"
        let opened = try file(1, ["D,\(name),800,12,UAH", "C,\(name),800,50,UAH,CB1,opened"])
        _ = try await house.funding.take(opened, name: "a.csv")
        // 8.00 came and went; fees of 0.62 stay.
        #expect(try await house.balances() == ["1100 -62", "1250 800", "2190 -800", "7100 62"])
        let lost = try file(2, ["C,\(name),800,0,UAH,CB1,lost"])
        _ = try await house.funding.take(lost, name: "b.csv")
        #expect(try await house.balances() == ["1100 -62", "2190 -800", "7100 62", "7210 800"])
        // A second dispute of the same payment is more than was paid.
        let more = try file(3, ["C,\(name),800,0,UAH,CB2,opened"])
        #expect(
          try await house.funding.take(more, name: "c.csv")
            == .taken(number: 3, categories: [.amountDiffers: 1]))
        #expect(
          try await house.balances() == [
            "1100 -862", "2190 -800", "2290 800", "7100 62", "7210 800",
          ])
      }
    }

    @Test func aStepOfADisputeIsPaidByOneFileOnly() async throws {
      try await CardHouse.charged { house, payment in
        let name = "\(payment.reference),\(payment.key)"
        let files = [
          (
            ["D,\(name),800,12,UAH", "C,\(name),800,50,UAH,CB1,opened"], [MatchCategory.matched: 2]
          ),
          // The acquirer takes the money once more.
          (["C,\(name),800,0,UAH,CB1,opened"], [.twice: 1]),
          (
            ["C,\(name),800,0,UAH,CB1,won", "C,\(name),800,0,UAH,CB1,won"],
            [.matched: 1, .twice: 1]
          ),
        ]
        for (index, (lines, categories)) in files.enumerated() {
          let number = Int64(index + 1)
          #expect(
            try await house.funding.take(try file(number, lines), name: "\(number).csv")
              == .taken(number: number, categories: categories))
        }
        // 8.00 came, went twice and came twice: the second of each waits for a person.
        #expect(try await house.balances() == ["1100 738", "2190 -800", "7100 62"])
        #expect(
          try await house.house.texts(
            "select distinct note from acquirer_record where category = 'twice' order by 1")
            == [
              "case CB1 opened: a file said so before", "case CB1 won: a file said so before",
            ])
        try await house.house.expectSound()
      }
    }

    @Test func aDisputeIsWonByMessageAndTheMessageComesTwice() async throws {
      try await CardHouse.charged { house, payment in
        func message(_ id: String, _ stage: String, _ minor: Int = 800) -> [UInt8] {
          Array(
            """
            {"id":"\(id)","type":"chargeback","case":"CB1","reference":"\(payment.reference)",\
            "amount_minor":\(minor),"currency":"UAH","stage":"\(stage)","new_member":[1]}
            """.utf8)
        }
        #expect(try await house.messages.take(message("M1", "opened")) == .applied)
        #expect(try await house.balances() == ["1250 800", "2190 -800"])
        #expect(try await house.messages.take(message("M1", "opened")) == .known)
        #expect(try await house.messages.take(message("M2", "opened")) == .known)
        #expect(try await house.messages.take(message("M3", "won")) == .applied)
        #expect(try await house.messages.take(message("M4", "opened")) == .known)
        #expect(try await house.balances() == ["1120 800", "2190 -800"])
        guard case .unfit = try await house.messages.take(message("M5", "lost", 700)) else {
          Issue.record("a case changed its amount")
          return
        }
      }
    }

    @Test func aMessageThatIsNoneIsSaidToBe() async throws {
      try await CardHouse.with { house in
        for body in ["", "{}", "[]", "{\"id\":\"M1\",\"type\":\"x\"}", "{\"id\":1}"] {
          guard case .malformed = try await house.messages.take(Array(body.utf8)) else {
            Issue.record("\(body) was taken")
            return
          }
        }
        let foreign = #"{"id":"M1","type":"captured","key":"w5-1","reference":"P"}"#
        #expect(
          try await house.messages.take(Array(foreign.utf8)) == .unfit("there is no window 5"))
      }
    }

    @Test func aMessageThatFitsNothingWaitsUntilAPersonSaysWhatBecameOfIt() async throws {
      try await CardHouse.charged { house, payment in
        let desk = KeptMessageDesk(store: house.house.store, now: { house.clock.now })
        func dispute(_ id: String, _ minor: Int) -> [UInt8] {
          Array(
            """
            {"id":"\(id)","type":"chargeback","case":"CB1","reference":"\(payment.reference)",\
            "amount_minor":\(minor),"currency":"UAH","stage":"opened"}
            """.utf8)
        }
        #expect(try await house.messages.take(dispute("M1", 90_000)) != .applied)
        #expect(try await house.messages.take(dispute("M2", 800)) == .applied)
        #expect(try await house.messages.take(dispute("M3", 800)) == .known)
        // Only the one that changed nothing and should have waits, with its body and the reason.
        let waiting = try await desk.list(openOnly: true)
        #expect(waiting.map(\.id) == ["M1"])
        #expect(waiting.first?.body.contains("90000") == true)
        #expect(waiting.first?.why.isEmpty == false)
        guard case .open(let items) = try await house.house.close(isOpenAllowed: false) else {
          Issue.record("November was closed over a message that nobody looked into")
          return
        }
        #expect(items.contains(OpenItem(kind: .keptMessages, count: 1)))

        for (id, reason) in [("M1", ""), ("M2", "x"), ("M3", "x"), ("M4", "x")] {
          await #expect(throws: MoneyRefusal.self) {
            try await desk.decide(id, reason: reason, by: "olena")
          }
        }
        try await desk.decide("M1", reason: "a slip of theirs, withdrawn", by: "olena")
        #expect(try await desk.list(openOnly: true).isEmpty)
        let decided = try await desk.list(openOnly: false).map(\.decision)
        #expect(decided.map { $0?.by } == ["olena"])
        await #expect(throws: MoneyRefusal.self) {
          try await desk.decide("M1", reason: "once more", by: "taras")
        }
        guard case .open(let left) = try await house.house.close(isOpenAllowed: false) else {
          return
        }
        #expect(!left.contains { $0.kind == .keptMessages })
      }
    }

    @Test func onlyTheAcquirersSignatureHoldsAndOnlyForAWhile() {
      let body = Array("{}".utf8)
      let secret = CardHouse.secret
      let header = MessageSignature.sign(body, secret: secret, at: House.noon)
      // The sender of the simulated acquirer signs the same.
      #expect(messageSignature(body, secret: secret, at: House.noon) == header)
      func fault(_ header: String?, _ seconds: Int64 = 0, body other: [UInt8]? = nil) -> String? {
        MessageSignature.fault(
          header, body: other ?? body, secret: secret, at: House.noon.adding(seconds: seconds))
      }
      #expect(fault(header) == nil)
      #expect(fault(header, 300) == nil)
      #expect(fault(header, 301) == "the signature is older or newer than 300 s")
      #expect(fault(header, -301) == "the signature is older or newer than 300 s")
      #expect(fault(header, body: Array("[]".utf8)) == "the signature is not that of the acquirer")
      #expect(
        fault(MessageSignature.sign(body, secret: [1], at: House.noon))
          == "the signature is not that of the acquirer")
      #expect(fault(nil) == "the signature is missing")
      for broken in [
        "", "t=1", "v1=00", "t=x,v1=" + String(repeating: "0", count: 64), "t=1,v1=zz",
      ] {
        #expect(fault(broken) != nil, "\(broken)")
      }
      #expect(fault(String(repeating: "t=1,", count: 200)) == "the signature is missing")
    }
  }
}
