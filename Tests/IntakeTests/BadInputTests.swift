import Basics
import Intake
import Store
import Tapping
import Testing

extension IntakeSuite {
  /// What must not get in, and what the device is told.
  @Suite struct BadInput {
    @Test func aWrongSignatureStoresNothing() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let body = validator.body([tap(1)])
        var signature = validator.keys.sign(body)
        signature[10] ^= 1
        let refusal = try await world.post(body, from: validator, signature: signature).refusal()
        #expect(refusal.kind == .unknown)
        #expect(refusal.code == "signature_wrong")
        // The signature of other bytes, and of another device's key.
        let other = try Validator("V-0043")
        for signature in [validator.keys.sign([1]), other.keys.sign(body)] {
          let refusal = try await world.post(body, from: validator, signature: signature).refusal()
          #expect(refusal.code == "signature_wrong")
        }
        #expect(try await world.number("select count(*) from tap_batch") == 0)
        #expect(try await world.number("select count(*) from device_epoch") == 0)
      }
    }

    @Test func headersThatAreMissingOrNoneAreNamed() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let body = validator.body([tap(1)])
        let cases: [(String?, String?, String)] = [
          (nil, "AA==", "device_missing"), ("", "AA==", "device_missing"),
          (validator.id, nil, "signature_missing"), (validator.id, "", "signature_missing"),
          (validator.id, "not base64!", "signature_malformed"),
          (validator.id, "AAAA", "signature_malformed"),
        ]
        for (device, signature, code) in cases {
          let refusal = try await world.service.accept(
            body: body, deviceHeader: device, signatureHeader: signature, receivedAt: noon
          ).refusal()
          #expect(refusal.kind == .unknown)
          #expect(refusal.code == code)
        }
      }
    }

    @Test func anUnknownDeviceIsRefused() async throws {
      try await World.with { world in
        let stranger = try Validator("V-0099")
        let refusal = try await world.post(stranger.body([tap(1)]), from: stranger).refusal()
        #expect(refusal.kind == .unknown)
        #expect(refusal.code == "device_unknown")
      }
    }

    @Test func anEnrolledDeviceWithoutItsKeyIsRefused() async throws {
      try await World.with { world in
        let validator = try Validator("V-0042")
        _ = try await world.desk.enroll(
          validator.id, vehicle: nil, random: [UInt8](repeating: 1, count: 24), at: noon)
        let refusal = try await world.post(validator.body([tap(1)]), from: validator).refusal()
        #expect(refusal.code == "device_unknown")
      }
    }

    @Test func aRevokedDeviceIsRefusedAtOnce() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        _ = try await world.send([tap(1)], from: validator)
        _ = try await world.desk.revoke(validator.id, at: noon)
        let refusal = try await world.post(validator.body([tap(2)]), from: validator).refusal()
        #expect(refusal.kind == .forbidden)
        #expect(refusal.code == "device_revoked")
        #expect(try await world.number("select count(*) from tap_batch") == 1)
      }
    }

    @Test func aDeviceRevokedByAnotherProcessStoresNothingMore() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        _ = try await world.send([tap(1)], from: validator)
        // Nobody tells this process, which still remembers the device as active.
        let elsewhere = DeviceDesk(store: world.store, log: quiet)
        _ = try await elsewhere.revoke(validator.id, at: noon)
        let refusal = try await world.post(validator.body([tap(2)]), from: validator).refusal()
        #expect(refusal.code == "device_revoked")
        #expect(try await world.register()?.seen == [1..<2])
      }
    }

    @Test func theOldKeyOfADeviceThatGotAnotherStoresNothingMore() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        _ = try await world.send([tap(1)], from: validator)
        // Another process gives the device another key; this one still remembers the old.
        let elsewhere = try World(pool: world.pool)
        _ = try await elsewhere.desk.revoke(validator.id, at: noon)
        let replaced = try await elsewhere.validator(validator.id, seed: "another")
        let refusal = try await world.post(validator.body([tap(2)]), from: validator).refusal()
        #expect(refusal.kind == .unknown)
        #expect(refusal.code == "signature_wrong")
        let answer = try await world.send([tap(2)], from: replaced)
        #expect(answer.accepted == 1)
      }
    }

    @Test func newsOfADeviceAreHeard() async throws {
      try await World.with { world in
        let listening = Task { await world.gate.run() }
        defer { listening.cancel() }
        let stranger = try Validator("V-0042")
        let elsewhere = try World(pool: world.pool)
        // That nobody has this id is remembered for five seconds, unless the news come first.
        _ = await world.post(stranger.body([tap(1)]), from: stranger)
        let validator = try await elsewhere.validator(stranger.id)
        var answer = await world.post(validator.body([tap(1)]), from: validator)
        for _ in 0..<500 where (try? answer.answer()) == nil {
          try await Task.sleep(for: .milliseconds(100))
          answer = await world.post(validator.body([tap(1)]), from: validator)
        }
        #expect(try answer.answer().accepted == 1)
      }
    }

    @Test func whatIsNotJSONIsNamed() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let good = validator.body([tap(1), tap(2)])
        let cases: [(body: [UInt8], code: String, pointer: String)] = [
          (Array("hello".utf8), "not_json", ""),
          ([], "cut_off", ""),
          ([0xFF, 0xFE, 0x00], "not_json", ""),
          (Array(good.dropLast(1)), "cut_off", ""),
        ]
        for (body, code, pointer) in cases {
          let refusal = try await world.post(body, from: validator).refusal()
          #expect(refusal.kind == .malformed)
          #expect(refusal.code == code)
          #expect(refusal.pointer == pointer)
        }
      }
    }

    @Test func aBatchCutOffAnywhereStoresNothing() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let body = validator.body([tap(1), tap(2)])
        for length in stride(from: 0, to: body.count, by: 7) {
          let refusal = try await world.post(Array(body[..<length]), from: validator).refusal()
          #expect(refusal.kind == .malformed)
        }
        #expect(try await world.number("select count(*) from tap_batch") == 0)
      }
    }

    @Test func aNumberWhereATextShouldBeIsNamedByItsPlace() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let body = replaced(
          validator.body([tap(1), tap(2)]), "\"token\":\"\(encoded("04a1b2c3"))\"",
          "\"token\":5", times: 1)
        let refusal = try await world.post(body, from: validator).refusal()
        #expect(refusal.kind == .malformed)
        #expect(refusal.code == "wrong_type")
        #expect(refusal.pointer == "/taps/0/token")
      }
    }

    @Test func tooManyTapsAndTooManyBytesAreRefusedWhole() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let taps = (1...1001).map { tap(Int64($0)) }
        let refusal = try await world.post(validator.body(taps), from: validator).refusal()
        #expect(refusal.kind == .tooLarge)
        #expect(refusal.code == "too_many_taps")
        let answer = try await world.send(Array(taps.prefix(1000)), from: validator)
        #expect(answer.accepted == 1000)
        let heavy = validator.body([tap(2000)]) + [UInt8](repeating: 0x20, count: 2 << 20)
        let tooLarge = try await world.post(heavy, from: validator).refusal()
        #expect(tooLarge.kind == .tooLarge)
        #expect(tooLarge.code == "body_too_large")
        #expect(try await world.register()?.seen == [1..<1001])
      }
    }

    @Test func anotherDevicesBatchIsRefused() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let other = try await world.validator("V-0043")
        let refusal = try await world.post(other.body([tap(1)]), from: validator).refusal()
        #expect(refusal.kind == .impossible)
        #expect(refusal.code == "device_mismatch")
        #expect(refusal.pointer == "/device")
      }
    }

    @Test func aCardNumberDoesNotGetIn() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        for number in ["4111111111111111", "4111 1111 1111 1111", "5500005555555559"] {
          let body = validator.body([tap(1), tap(2, token: number)])
          let refusal = try await world.post(body, from: validator).refusal()
          #expect(refusal.kind == .impossible, "\(number)")
          #expect(refusal.pointer == "/taps/1/token", "\(number)")
          #expect(!refusal.message.contains(number), "\(number)")
          #expect(try await world.number("select count(*) from tap_batch") == 0, "\(number)")
        }
      }
    }

    @Test func aTapFrom2040IsKeptAsideAndCountsAsKnown() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let late = Instant(seconds: 2_208_988_800)
        let answer = try await world.send([tap(1), tap(2, at: late), tap(3)], from: validator)
        #expect(answer.accepted == 2)
        #expect(answer.rejected.map(\.seq) == [2])
        #expect(answer.rejected.map(\.code) == ["tap_in_future"])
        #expect(answer.ackThrough == 3)
        #expect(answer.missing.isEmpty)
        let kept = try await world.texts("select code || ' ' || seq from tap_quarantine")
        #expect(kept == ["tap_in_future 2"])
        let register = try await world.register()
        #expect(register?.quarantined == 1)
        #expect(register?.tapsStored == 3)
        #expect(
          try await world.texts("select quarantined::text from tap_batch") == ["{[2,3)}"])
        let again = try await world.send([tap(1), tap(2, at: late), tap(3)], from: validator)
        #expect(again.duplicates == 3)
        #expect(again.rejected.isEmpty)
      }
    }

    @Test func aNumberUsedTwiceIsAConflictAndBothContentsAreKept() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        _ = try await world.send([tap(1), tap(2)], from: validator)
        let other = [tap(2, token: "feedbeef", route: "22"), tap(3)]
        let answer = try await world.send(other, from: validator)
        #expect(answer.accepted == 1)
        #expect(answer.conflicts == [2])
        #expect(answer.ackThrough == 3)
        let contents = try await world.texts("select other_content from tap_conflict")
        #expect(contents.count == 1)
        #expect(contents[0].contains("\"route\":\"22\""))
        #expect(try await world.register()?.conflicts == 1)
        // The first content stays what the journal says under this number.
        let journal = try await world.journal()
        let kept = journal[JournalTap(device: validator.id, epoch: 3, seq: 2)]
        #expect(kept == [tap(2)])
        // The same contradiction again is known, and no second conflict.
        let again = try await world.send(other, from: validator)
        #expect(again.duplicates == 2)
        #expect(again.conflicts.isEmpty)
        #expect(try await world.register()?.conflicts == 1)
      }
    }

    @Test func noTokenLiesInPlainOutsideTheSignedBody() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let token = "a-token-to-look-for"
        _ = try await world.send([tap(1), tap(2, token: token)], from: validator)
        _ = try await world.send([tap(1, token: token)], from: validator)
        _ = try await world.send(
          [tap(3, at: Instant(seconds: 2_208_988_800), token: token)], from: validator)
        let rows = try await world.texts(
          """
          select row_to_json(c)::text from tap_conflict c
          union all select row_to_json(q)::text from tap_quarantine q
          """)
        #expect(rows.count == 2)
        for row in rows {
          #expect(row.contains("medium_id"))
          #expect(!row.contains(token))
          #expect(!row.contains(encoded(token)))
        }
      }
    }

    @Test func aDeviceThatSkipsNumbersAllTheTimeIsToldToStop() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        _ = try await world.send([tap(1)], from: validator)
        try await world.run(
          """
          update device_epoch set edition = edition + 1, seen = (select range_agg(int8range(n * 2, n * 2 + 1))
            from generate_series(1, 10000) n)
          """)
        let body = validator.body([tap(30_001)])
        let refusal = try await world.post(body, from: validator).refusal()
        #expect(refusal.kind == .impossible)
        #expect(refusal.code == "too_many_gaps")
        // What fills a hole is welcome.
        let answer = try await world.send([tap(3)], from: validator)
        #expect(answer.accepted == 1)
      }
    }
  }
}

private func encoded(_ token: String) -> String { Base64.encode(Array(token.utf8), .url) }

/// A body with a piece of its text replaced, at most so many times.
private func replaced(_ body: [UInt8], _ old: String, _ new: String, times: Int) -> [UInt8] {
  var text = String(decoding: body, as: UTF8.self)
  for _ in 0..<times {
    guard let range = text.firstRange(of: old) else { return [] }
    text.replaceSubrange(range, with: new)
  }
  return Array(text.utf8)
}
