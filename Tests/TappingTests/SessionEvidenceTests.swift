import Tapping
import Testing

@Suite struct SessionEvidenceTests {
  private func breaks(_ evidence: SessionEvidence, _ world: SessionWorld) -> SessionEvidence.Break?
  {
    do throws(SessionEvidence.Break) {
      try evidence.prove(
        devicePublicKey: world.device.publicKey, servicePublicKey: world.service.publicKey)
      return nil
    } catch {
      return error
    }
  }

  @Test func aCheckpointProvesEveryBodyBeforeIt() throws {
    var world = try SessionWorld()
    let texts = ["one", "two", "three"]
    var posts: [SessionPost] = []
    for text in texts { posts.append(world.post(text, isCheckpoint: text == "three")) }
    let good = SessionEvidence(
      proposal: world.proposal, proposalSignature: world.device.sign(world.proposal),
      grant: world.grant, grantSignature: world.service.sign(world.grant),
      bodyDigests: texts.map { SHA256Digest.hash(Array($0.utf8)) },
      checkpoint: try #require(posts[2].headers.checkpoint))
    #expect(breaks(good, world) == nil)

    var wrong = good
    wrong.bodyDigests.swapAt(0, 1)
    #expect(breaks(wrong, world) == .checkpoint)
    wrong = good
    wrong.bodyDigests.removeLast()
    #expect(breaks(wrong, world) == .checkpoint)
    wrong = good
    wrong.bodyDigests[1] = SHA256Digest.hash(Array("2".utf8))
    #expect(breaks(wrong, world) == .checkpoint)
    wrong = good
    wrong.checkpoint = world.service.sign(world.sender.chain.checkpoint.message)
    #expect(breaks(wrong, world) == .checkpoint)
    wrong = good
    wrong.proposalSignature[0] ^= 1
    #expect(breaks(wrong, world) == .proposal)
    wrong = good
    wrong.grant.append(0x0A)
    #expect(breaks(wrong, world) == .grant)
    wrong = good
    wrong.proposal = Array(
      String(decoding: good.proposal, as: UTF8.self).replacing("86400", with: "86399").utf8)
    wrong.proposalSignature = world.device.sign(wrong.proposal)
    #expect(breaks(wrong, world) == .otherProposal)
  }
}
