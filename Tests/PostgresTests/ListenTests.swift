import Basics
import DatabaseSupport
import Postgres
import Testing

@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"), .timeLimit(.minutes(60)))
struct ListenTests {
  private func notify(_ pool: PostgresPool, _ channel: String, _ payload: String) async throws {
    try await pool.session {
      try await $0.query("SELECT pg_notify($1, $2)", [.text(channel), .text(payload)])
    }
  }

  @Test func messagesOfAChannelArriveInOrderAndOthersDoNot() async throws {
    try await LeasedDatabase.with { pool in
      var messages = pool.listen("Taps, \"stored\"").makeAsyncIterator()
      #expect(await messages.next()?.isResumption == true)
      try await notify(pool, "other", "x")
      for n in 1...3 { try await notify(pool, "Taps, \"stored\"", "\(n)") }
      for n in 1...3 {
        let message = await messages.next()
        #expect(message?.payload == "\(n)")
        #expect(message?.channel == "Taps, \"stored\"")
        #expect(message?.isResumption == false)
      }
    }
  }

  @Test func severalReadersOfSeveralChannelsShareOneConnection() async throws {
    try await LeasedDatabase.with { pool in
      var readers = [pool.listen("a"), pool.listen("a"), pool.listen("b")].map {
        $0.makeAsyncIterator()
      }
      for index in readers.indices { _ = await readers[index].next() }
      try await notify(pool, "a", "to a")
      try await notify(pool, "b", "to b")
      var payloads: [String] = []
      for index in readers.indices { payloads.append(await readers[index].next()?.payload ?? "") }
      #expect(payloads == ["to a", "to a", "to b"])
      let count = try await pool.session {
        try await $0.query(
          "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'kvytok listen' "
            + "AND datname = current_database()"
        ).only().int8("n")
      }
      #expect(count == 1)
    }
  }

  @Test func aLostConnectionIsMadeAgainAndTheReaderIsTold() async throws {
    try await LeasedDatabase.with { pool in
      var messages = pool.listen("again").makeAsyncIterator()
      #expect(await messages.next()?.isResumption == true)
      try await pool.session {
        try await $0.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            + "WHERE application_name = 'kvytok listen' AND datname = current_database()")
      }
      #expect(await messages.next()?.isResumption == true)
      try await notify(pool, "again", "after")
      #expect(await messages.next()?.payload == "after")
    }
  }

  @Test func aReaderThatIsTooSlowIsToldThatItMissedSome() async throws {
    try await LeasedDatabase.with { pool in
      var messages = pool.listen("flood").makeAsyncIterator()
      _ = await messages.next()
      try await pool.session {
        try await $0.query("SELECT pg_notify('flood', n::text) FROM generate_series(1, 3000) n")
      }
      var ended = pool.listen("end").makeAsyncIterator()
      _ = await ended.next()
      try await notify(pool, "end", "")
      _ = await ended.next()
      // All 3,000 have arrived here; the buffer keeps the newest and ends with the warning.
      var last: PostgresNotification?
      for _ in 0..<1_024 { last = await messages.next() }
      #expect(last?.isResumption == true)
    }
  }

  @Test func closingThePoolEndsTheStreams() async throws {
    try await LeasedDatabase.with { pool in
      let stream = pool.listen("end")
      await pool.close()
      var count = 0
      for await message in stream where !message.isResumption { count += 1 }
      #expect(count == 0)
      let late = pool.listen("late")
      for await _ in late { count += 1 }
      #expect(count == 0)
    }
  }

  @Test func aReaderThatGoesAwayIsForgotten() async throws {
    try await LeasedDatabase.with { pool in
      do {
        var messages = pool.listen("short").makeAsyncIterator()
        _ = await messages.next()
      }
      // Its connection ends when nobody listens any more.
      for _ in 0..<500 {
        let count = try await pool.session {
          try await $0.query(
            "SELECT count(*) AS n FROM pg_stat_activity "
              + "WHERE application_name = 'kvytok listen' AND datname = current_database()"
          ).only().int8("n")
        }
        if count == 0 { return }
        try await Task.sleep(for: .milliseconds(100))
      }
      Issue.record("the connection of nobody's stream is still there")
    }
  }
}
