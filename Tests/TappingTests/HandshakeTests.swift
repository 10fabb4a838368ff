import Basics
import Tapping
import Testing

@Suite struct HandshakeTests {
  private func open(
    _ world: SessionWorld, proposal: [UInt8], signature: [UInt8]? = nil, afterSeconds: Int64 = 0
  ) -> SessionFault.Code? {
    do throws(SessionFault) {
      _ = try SessionHandshake.open(
        proposal: proposal, signature: signature ?? world.device.sign(proposal),
        devicePublicKey: world.device.publicKey, identity: world.service,
        exchangeSeed: Array(96..<128), session: SessionWorld.session,
        now: world.start.adding(seconds: afterSeconds))
      return nil
    } catch {
      return error.code
    }
  }

  private func edited(_ body: [UInt8], _ part: String, _ other: String) -> [UInt8] {
    let text = String(decoding: body, as: UTF8.self)
    precondition(text.contains(part), "\(part) is not in the body")
    return Array(text.replacing(part, with: other).utf8)
  }

  @Test func bothSidesFindTheSameKeys() throws {
    let world = try SessionWorld()
    let sender = world.sender
    #expect(sender.chain == world.chain)
    let code = world.keys.answerCode(
      session: SessionWorld.session, count: 0, status: 200, body: [1])
    #expect(sender.isGood(answer: [1], status: 200, mac: code))
    #expect(world.chain.until == world.start.adding(seconds: 86_401))
  }

  @Test func aProposalIsOfThisDeviceAndOfNow() throws {
    let world = try SessionWorld()
    #expect(open(world, proposal: world.proposal) == nil)
    #expect(open(world, proposal: world.proposal, afterSeconds: 600) == nil)
    #expect(open(world, proposal: world.proposal, afterSeconds: 601) == .handshakeClock)
    #expect(open(world, proposal: world.proposal, afterSeconds: -601) == .handshakeClock)
    #expect(
      open(world, proposal: world.proposal, signature: world.service.sign(world.proposal))
        == .handshakeSignatureWrong)
    #expect(open(world, proposal: world.proposal, signature: []) == .handshakeSignatureWrong)
  }

  @Test(arguments: [
    ("kvytok-session-proposal 1", "kvytok-session-proposal 2"), ("seconds 86400", "seconds 86401"),
    ("seconds 86400", "seconds 0"), ("seconds 86400", "seconds 086400"),
    ("seconds 86400", "seconds 1e3"), ("seconds 86400\n", "seconds 86400"),
    ("seconds 86400\n", "seconds 86400\nmore 1\n"), ("seconds 86400\n", "seconds 86400\n\n"),
    ("at 2026", "at 2O26"), ("Z\nseconds", "+00:00\nseconds"), ("nonce gIGC", "nonce gIG"),
    ("nonce", "Nonce"), ("key ", "key  "), ("device V-0042\n", ""), ("device V-0042", "device "),
  ]) func aProposalIsWrittenInOneWay(_ part: String, _ other: String) throws {
    let world = try SessionWorld()
    #expect(
      open(world, proposal: edited(world.proposal, part, other)) == .handshakeMalformed,
      "\(part) → \(other)")
  }

  @Test func aKeyOfSmallOrderIsRefused() throws {
    let world = try SessionWorld()
    // RFC 7748, section 6.1: an all-zero shared secret is to be refused.
    for key in [[UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31)] {
      let proposal = SessionProposal(
        device: "V-0042", exchangeKey: key, nonce: Array(0..<16), at: world.start
      ).body
      #expect(open(world, proposal: proposal) == .handshakeKey)
    }
  }

  @Test func aGrantIsOfThisServiceAndToThisProposal() throws {
    let world = try SessionWorld()
    let opened = try SessionHandshake.open(
      proposal: world.proposal, signature: world.device.sign(world.proposal),
      devicePublicKey: world.device.publicKey, identity: world.service,
      exchangeSeed: Array(96..<128), session: SessionWorld.session, now: world.start)
    func accept(_ body: [UInt8], _ signature: [UInt8], _ proposal: [UInt8]) -> SessionFault.Code? {
      do throws(SessionFault) {
        _ = try SessionHandshake.accept(
          grant: body, signature: signature, servicePublicKey: world.service.publicKey,
          proposal: proposal, exchange: world.exchange)
        return nil
      } catch {
        return error.code
      }
    }
    #expect(accept(opened.body, opened.signature, world.proposal) == nil)
    #expect(
      accept(opened.body, world.device.sign(opened.body), world.proposal)
        == .handshakeSignatureWrong)
    #expect(accept(opened.body, opened.signature, world.proposal + [0]) == .handshakeMalformed)
    let longer = edited(opened.body, "until 2026-11-23", "until 2027-11-23")
    #expect(accept(longer, opened.signature, world.proposal) == .handshakeSignatureWrong)
  }

  /// RFC 5869, appendix A.1 and A.3.
  @Test func hkdfAgreesWithRFC5869() {
    let first = HKDFSHA256.extract(
      salt: Array(0...12), secret: [UInt8](repeating: 0x0B, count: 22))
    #expect(
      hexText(first) == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
    #expect(
      hexText(HKDFSHA256.expand(key: first, purpose: Array(0xF0...0xF9), byteCount: 42))
        == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    let third = HKDFSHA256.extract(salt: [], secret: [UInt8](repeating: 0x0B, count: 22))
    #expect(
      hexText(HKDFSHA256.expand(key: third, purpose: [], byteCount: 42))
        == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
  }

  @Test(
    arguments: [
      ("", "1", .headerMalformed), ("90919293949596979899 9a9b9c9d9e9f", "1", .headerMalformed),
      ("9091929394959697-9899-9a9b9c9d9e9f", "1", .headerMalformed),
      ("90919293-9495-9697-9899-9a9b9c9d9e9f", "0", .headerMalformed),
      ("90919293-9495-9697-9899-9a9b9c9d9e9f", "+1", .headerMalformed),
      ("90919293-9495-9697-9899-9a9b9c9d9e9f", "01", .headerMalformed),
      ("90919293-9495-9697-9899-9a9b9c9d9e9f", "9223372036854775808", .headerMalformed),
      ("90919293-9495-9697-9899-9a9b9c9d9e9f", "1", nil),
    ] as [(String, String, SessionFault.Code?)])
  func headersAreReadStrictly(_ session: String, _ count: String, _ code: SessionFault.Code?) {
    let hash = Base64.encode([UInt8](repeating: 1, count: 32), .standard)
    func fault(chain: String?, mac: String?, checkpoint: String? = nil) -> SessionFault.Code? {
      do throws(SessionFault) {
        let headers = try SessionHeaders(
          session: session, count: count, chain: chain, mac: mac, checkpoint: checkpoint)
        #expect(headers.fields.map(\.value) == [session, count, hash, hash])
        return nil
      } catch {
        return error.code
      }
    }
    #expect(fault(chain: hash, mac: hash) == code)
    guard code == nil else { return }
    #expect(fault(chain: nil, mac: hash) == .headerMissing)
    #expect(fault(chain: hash, mac: String(hash.dropFirst(4))) == .headerMalformed)
    #expect(fault(chain: hash, mac: hash, checkpoint: hash) == .headerMalformed)
    #expect(fault(chain: hash + "=", mac: hash) == .headerMalformed)
  }
}
