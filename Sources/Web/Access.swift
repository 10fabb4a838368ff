package import Store

/// Who may call an endpoint.
package enum Access: Sendable, Equatable {
  /// Nobody is asked who they are.
  case anyone
  /// A new validator, known by the one-time secret in the body.
  case oneTimeSecret
  /// A validator or tracker, known by its signature.
  case device
  /// The acquirer of bank cards, known by its signature.
  case acquirer
  /// The bearer of a token of one of these roles; an admin always may.
  ///
  /// `scoped` says whether the bearer of a token of one operator may ask, and sees that
  /// operator only.
  case staff(Set<AccessRole>, scoped: Bool = false)
}

extension AccessGrant {
  /// Whether the bearer may use an endpoint that asks who they are by a token.
  package func may(use access: Access) -> Bool {
    switch access {
    case .anyone: true
    case .oneTimeSecret, .device, .acquirer: false
    case .staff(let roles, let scoped):
      (role == .admin || roles.contains(role)) && (operatorID == nil || scoped)
    }
  }
}
