from rest_framework_simplejwt.views import TokenObtainPairView


class SignInView(TokenObtainPairView):
    """An access and a refresh token for a password."""
