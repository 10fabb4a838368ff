import Basics
import Postgres
import Store
import Testing

extension StoreSuite {
  @Suite struct SmallTables {
    @Test func aTokenIsFoundByItsDigestUntilItIsRevoked() async throws {
      try await withStore { store, _ in
        let rider = RiderID(high: 1, low: 2)
        let grant = AccessGrant(
          label: "Olena", role: .rider, operatorID: "KP", rider: rider, createdAt: noon,
          expiresAt: noon.adding(seconds: 60))
        let digest = AccessTokenText.digest(
          of: AccessTokenText.make(random: [UInt8](repeating: 3, count: 32)))
        try await store.write { try await $0.tokens.create(digest: digest, grant) }
        let find = { @Sendable (moment: Instant) in
          try await store.read { try await $0.tokens.find(digest: digest, at: moment) }
        }
        #expect(try await find(noon) == grant)
        #expect(try await find(noon.adding(seconds: 60)) == nil)
        let revoke = { @Sendable in
          try await store.write { try await $0.tokens.revoke(label: grant.label, at: noon) }
        }
        #expect(try await revoke() == 1)
        #expect(try await find(noon) == nil)
        #expect(try await revoke() == 0)
        let stranger = try await store.read { try await $0.tokens.find(digest: [9], at: noon) }
        #expect(stranger == nil)
      }
    }

    @Test(arguments: [
      ("Olena", "Olena"), ("  Olena \n", "Olena"), ("Каса 3", "Каса 3"),
      (String(repeating: "x", count: 100), String(repeating: "x", count: 100)),
      ("", nil), ("   ", nil), ("\u{200B}", nil), ("...", nil), ("a\u{1B}[31mred", nil),
      ("a\nb", nil),
      (String(repeating: "x", count: 101), nil), ("Olena\u{200B}", nil), ("\u{202E}anelO", nil),
      ("\u{3164}", nil), ("Ole\u{AD}na", nil), ("a\u{2028}b", nil), ("Clock", nil), (" tap ", nil),
      ("clock 2", "clock 2"), ("Olena\u{A0}\u{3000} K", "Olena K"), ("Olena\u{2800}K", "Olena K"),
    ])
    func aLabelNamesSomebodyOnOneLine(_ text: String, _ kept: String?) {
      #expect(AccessGrant.label(text) == kept)
    }

    @Test(arguments: [
      ("Olena\u{200B}", true), ("clock", true), ("\u{3164}", false), ("\u{200B}\u{202E}", false),
    ])
    func aLabelOfBeforeIsReadWhereItIsSeen(_ label: String, _ isRead: Bool) {
      #expect(AccessGrant.namesSomebody(label) == isRead)
    }

    @Test func labelsThatLookTheSameAreOnePerson() {
      #expect(SecondPerson.isSame("Olena", " olena\u{200B}"))
      #expect(!SecondPerson.isSame("Olena", "Olha"))
      for blank in ["\u{A0}", "  ", "\u{2007}", "\u{2009}", "\u{3000}", "\u{2800}", " \u{200B} "] {
        #expect(SecondPerson.isSame("Olena K", "Olena\(blank)K"))
      }
      #expect(!SecondPerson.isSame("Olena K", "OlenaK"))
    }

    @Test(arguments: ["", " ", "\u{2800}", "\u{200B}", " \u{3164}\u{2060}\n"])
    func aReasonOfWhatIsNotSeenSaysNothing(_ reason: String) {
      #expect(SecondPerson.isBlank(reason))
      #expect(!SecondPerson.isBlank(reason + "lost"))
    }

    /// The letter й is one scalar, or и with a mark behind it, as some systems give it.
    @Test func aLabelIsKeptInOneFormOfItsLetters() {
      let kept = AccessGrant.label("Сергі\u{438}\u{306}")
      #expect(kept.map { Array($0.utf8) } == Array("Сергі\u{439}".utf8))
    }

    @Test(arguments: ["Сергі\u{439}", "Сергі\u{438}\u{306}", "сергій "])
    func allTokensOfOnePersonAreRevokedHoweverTheirLabelsAreWritten(_ typed: String) async throws {
      try await withStore { store, pool in
        let labels = [
          "Сергі\u{439}", "Сергі\u{438}\u{306}", " Сергі\u{439}", "Сергі\u{439}", "Сергій Петрович",
        ]
        try await store.write { session in
          for (number, label) in labels.enumerated() {
            try await session.tokens.create(
              digest: [UInt8(number)], AccessGrant(label: label, role: .admin, createdAt: noon))
          }
        }
        try await pool.run(
          "update access_token set revoked_at = $1 where token_digest = $2",
          [.timestamptz(noon), .bytea([3])])
        let revoke = { @Sendable in
          try await store.write { try await $0.tokens.revoke(label: typed, at: noon) }
        }
        #expect(try await revoke() == 3)
        #expect(
          try await pool.number("select count(*) from access_token where revoked_at is null") == 1)
        #expect(try await revoke() == 0)
      }
    }

    @Test func onlyOneOfManyProcessesMakesTheFirstToken() async throws {
      try await withStore { store, pool in
        let made = try await withThrowingTaskGroup(of: Bool.self) { group in
          for number in 0..<4 {
            group.addTask {
              try await store.write { session in
                try await session.tokens.createFirst(
                  digest: [UInt8(number)], label: "first", at: noon)
              }
            }
          }
          return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(made == 1)
        #expect(try await pool.number("select count(*) from access_token") == 1)
        let roles = try await store.read { try await $0.tokens.list() }.map(\.role)
        #expect(roles == [.admin])
      }
    }

    @Test func aSettingMadeByAnotherProcessHolds() async throws {
      try await withStore { store, _ in
        let kept = try await withThrowingTaskGroup(of: String.self) { group in
          for number in 0..<4 {
            group.addTask {
              try await store.write { try await $0.settings.findOrMake("key", "\(number)") }
            }
          }
          return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(kept.count == 1)
        try await store.write { try await $0.settings.set("key", to: "new") }
        let settings = try await store.read { try await $0.settings.all() }
        #expect(settings == ["key": "new"])
        let unmade = try await store.read { try await $0.settings.find("other") }
        #expect(unmade == nil)
      }
    }

    @Test func theFeedImportedLastIsTheNewest() async throws {
      try await withStore { store, _ in
        let save = { @Sendable (name: String, digest: UInt8, seconds: Int64) in
          try await store.write { session in
            try await session.feeds.save(
              name: name, digest: [digest], archive: [digest, 1, 2],
              at: noon.adding(seconds: seconds))
          }
        }
        let none = try await store.read { try await $0.feeds.newest() }
        #expect(none == nil)
        let first = try await save("first.zip", 1, 0)
        let second = try await save("second.zip", 2, 1)
        let afterTwo = try await store.read { try await $0.feeds.newest() }
        #expect(afterTwo == second)
        #expect(second.bytesCount == 3)
        let again = try await save("first.zip", 1, 2)
        #expect(again.id == first.id)
        let afterAgain = try await store.read { try await $0.feeds.newest() }
        #expect(afterAgain == again)
        let feeds = try await store.read { try await $0.feeds.list() }
        #expect(feeds == [again, second])
        let archive = try await store.read { try await $0.feeds.archive(of: again.id) }
        #expect(archive == [1, 1, 2])
        let noArchive = try await store.read { try await $0.feeds.archive(of: 99) }
        #expect(noArchive == nil)
      }
    }

    /// The same archive may come again: what held between stays so.
    @Test func eachNetworkHoldsUntilTheFirstDayOfThatWhichCameAfterIt() async throws {
      try await withStore { store, _ in
        let day = { @Sendable (number: Int) in Day(number: 20_000 + number) }
        let save = { @Sendable (digest: UInt8, first: Int?) in
          try await store.write { session in
            try await session.feeds.save(
              name: "\(digest).zip", digest: [digest], archive: [digest], from: first.map(day),
              at: noon)
          }
        }
        func terms() async throws -> [NetworkTerm] {
          try await store.read { try await $0.feeds.terms() }
        }
        #expect(try await terms() == [])
        let all = try await save(1, nil)
        let second = try await save(2, 10)
        let again = try await save(1, 20)
        #expect(Set([all.id, second.id, again.id]).count == 3 && again.firstDay == day(20))
        #expect(
          try await terms() == [
            NetworkTerm(feedID: again.id, firstDay: day(20)),
            NetworkTerm(feedID: second.id, firstDay: day(10)),
            NetworkTerm(feedID: all.id, firstDay: nil),
          ])
        // Once more is the same import; from an earlier day it takes the place of what held from then on.
        let more = try await save(1, 20)
        #expect(more.id == again.id)
        let earlier = try await save(3, 10)
        let three = try await terms()
        #expect(three.map(\.feedID) == [earlier.id, all.id])
        _ = try await save(1, nil)
        #expect(try await terms() == [NetworkTerm(feedID: all.id, firstDay: nil)])
      }
    }

    /// Another clock, or one that was set back: what is published last holds all the same.
    @Test func theFeedPublishedLastHoldsWhateverTheClocksSaid() async throws {
      try await withStore { store, _ in
        let save = { @Sendable (digest: UInt8, seconds: Int64) in
          try await store.write { session in
            try await session.feeds.save(
              name: "\(digest).zip", digest: [digest], archive: [digest],
              at: noon.adding(seconds: seconds))
          }
        }
        for (digest, seconds) in [(1, 60), (2, 0), (3, 0), (2, 1), (2, 1), (1, -60)] {
          let saved = try await save(UInt8(digest), Int64(seconds))
          let newest = try await store.read { try await $0.feeds.newest() }
          #expect(newest == saved, "feed \(digest)")
        }
        let names = try await store.read { try await $0.feeds.list() }.map(\.name)
        #expect(names == ["1.zip", "2.zip", "3.zip"])
      }
    }

    @Test func aPublishedTariffIsNeverChanged() async throws {
      try await withStore { store, _ in
        let save = { @Sendable (version: String, day: Day, source: String) in
          try await store.write { session in
            try await session.tariffs.save(
              TariffRecord(version: version, effectiveFrom: day, source: source, publishedAt: noon))
          }
        }
        let tomorrow = today.adding(days: 1)
        let second = try await save("2", tomorrow, "b")
        #expect(second == .saved)
        let first = try await save("1", today, "a")
        #expect(first == .saved)
        let repeated = try await save("1", today, "a")
        #expect(repeated == .alreadySaved)
        let otherText = try await save("1", today, "other")
        #expect(otherText == .versionTaken)
        let otherDay = try await save("1", today.adding(days: 9), "a")
        #expect(otherDay == .versionTaken)
        let sameDay = try await save("3", tomorrow, "c")
        #expect(sameDay == .dateTaken(version: "2"))
        let versions = try await store.read { try await $0.tariffs.list() }.map(\.version)
        #expect(versions == ["1", "2"])
        let newest = try await store.read { try await $0.tariffs.newest() }?.source
        #expect(newest == "b")
      }
    }

    @Test func aLaneBelongsToOneTransactionAtATime() async throws {
      try await withStore { store, _ in
        let try1 = { @Sendable in try await store.write { try await $0.tryLane(.rating, lane: 3) } }
        try await store.write { session in
          #expect(try await session.tryLane(.rating, lane: 3))
          #expect(try await try1() == false)
          let others = try await store.write { other in
            [
              try await other.tryLane(.rating, lane: 4),
              try await other.tryLane(.sorting, lane: 3),
            ]
          }
          #expect(others == [true, true])
        }
        #expect(try await try1())
      }
    }

    @Test func whatTheDatabaseRefusesIsAFaultWithoutTheRow() async throws {
      try await withStore { store, _ in
        let fault = await #expect(throws: StoreFault.self) {
          try await store.write { session in
            let grant = AccessGrant(label: "x", role: .admin, createdAt: noon)
            try await session.tokens.create(digest: [77], grant)
            try await session.tokens.create(digest: [77], grant)
          }
        }
        #expect(fault?.kind == .refused)
        #expect(fault?.sqlState == PostgresError.uniqueViolation)
        #expect(fault?.description.contains("4d") == false)
      }
    }
  }
}
