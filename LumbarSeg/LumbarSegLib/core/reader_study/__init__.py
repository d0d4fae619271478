"""How far readers agree: findings of the same cases by several readers -> ICC, bias and limits of agreement."""
