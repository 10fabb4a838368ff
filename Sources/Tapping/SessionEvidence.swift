/// What a session leaves for later: that a device signed for every body it carried.
package struct SessionEvidence: Sendable {
  /// The proposal's body and the device's signature over it.
  package var proposal: [UInt8]
  package var proposalSignature: [UInt8]
  /// The grant's body and the service's signature over it.
  package var grant: [UInt8]
  package var grantSignature: [UInt8]
  /// SHA-256 of every posted body from the first one on, up to the checkpoint.
  package var bodyDigests: [[UInt8]]
  /// The device's signature over the chain after these bodies.
  package var checkpoint: [UInt8]

  /// Makes the evidence of a session up to a checkpoint.
  package init(
    proposal: [UInt8], proposalSignature: [UInt8], grant: [UInt8], grantSignature: [UInt8],
    bodyDigests: [[UInt8]], checkpoint: [UInt8]
  ) {
    self.proposal = proposal
    self.proposalSignature = proposalSignature
    self.grant = grant
    self.grantSignature = grantSignature
    self.bodyDigests = bodyDigests
    self.checkpoint = checkpoint
  }

  /// Where a proof breaks.
  package enum Break: Error, Hashable, Sendable, CaseIterable {
    /// The device did not sign this proposal.
    case proposal
    /// The service did not sign this grant.
    case grant
    /// The grant is not to this proposal.
    case otherProposal
    /// The device did not sign for these bodies in this order.
    case checkpoint
  }

  /// Proves that the device signed for the bodies, in their order; throws where the proof breaks.
  package func prove(
    devicePublicKey: [UInt8], servicePublicKey: [UInt8]
  ) throws(Break) {
    guard
      Ed25519.verify(publicKey: devicePublicKey, signature: proposalSignature, message: proposal)
    else { throw .proposal }
    guard Ed25519.verify(publicKey: servicePublicKey, signature: grantSignature, message: grant)
    else { throw .grant }
    guard let granted = try? SessionGrant(body: grant),
      let asked = try? SessionProposal(body: proposal), granted.device == asked.device,
      constantTimeEquals(granted.proposalDigest, SHA256Digest.hash(proposal))
    else { throw .otherProposal }
    var chain = SessionChain(grantBody: grant, granted)
    for digest in bodyDigests { chain = chain.appending(bodyDigest: digest) }
    guard chain.checkpoint.isSigned(checkpoint, publicKey: devicePublicKey) else {
      throw .checkpoint
    }
  }
}
